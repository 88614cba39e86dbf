/** Shows a job's log and fetches what follows whenever the bar says that there is more. */

const LINES_SHOWN = 2000;
const AT_THE_END = 24;

const list = document.querySelector("[data-log]");
const empty = document.querySelector("[data-log-empty]");
let last = 0;
let wanted = 0;
let isFetching = false;

document.addEventListener("job-change", ({ detail }) => fetchUpTo(detail.state.log));
document.addEventListener("job-end", () => {
  empty.textContent = empty.dataset.ended;
});
fetchUpTo(1);

async function fetchUpTo(line) {
  wanted = Math.max(wanted, line);
  if (isFetching) return;
  isFetching = true;
  try {
    while (last < wanted && (await fetchMore())) {}
  } catch {
    // The next change asks again.
  } finally {
    isFetching = false;
  }
}

/** Returns whether it is worth to ask again. */
async function fetchMore() {
  const answer = await fetch(`${list.dataset.log}?after=${last}`, {
    headers: { Accept: "application/json" },
  });
  if (!answer.ok) return false;
  const { lines, lost } = await answer.json();
  if (lines.length > 0) show(lines, lost);
  empty.hidden = last > 0;
  return lines.length > 0;
}

function show(lines, lost) {
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight <= AT_THE_END;
  if (lost > 0) list.append(drawn({ text: `${lost} earlier lines are no longer kept`, level: "" }));
  list.append(...lines.map(drawn));
  while (list.childElementCount > LINES_SHOWN) list.firstElementChild.remove();
  last = lines.at(-1).n;
  list.hidden = false;
  if (follows) list.scrollTop = list.scrollHeight;
}

function drawn({ at, level, text }) {
  const line = document.createElement("div");
  line.className = level;
  const time = document.createElement("time");
  if (at) {
    time.dateTime = at;
    time.textContent = new Date(at).toLocaleTimeString([], { hour12: false });
  }
  line.append(time, span(level, "level"), span(text, "text"));
  return line;
}

function span(text, name) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
