/** What of the elements is for who embeds them goes into the manifest, and nothing else. */

const SCRIPTS = {
  "job-progress": "embed.js",
  "job-inbox": "inbox.js",
  "job-toasts": "inbox.js",
  "job-tree": "tree.js",
  "job-tray": "tray.js",
  "job-log": "log.js",
  "job-dashboard": "dashboard.js",
};
const OURS = /^(connectedCallback|disconnectedCallback|attributeChangedCallback|paint)$/;

export default {
  globs: ["src/elements/job-*.ts"],
  outdir: "../realtime/static/realtime",
  packagejson: false,
  plugins: [{ name: "public-only", packageLinkPhase }],
};

function packageLinkPhase({ customElementsManifest: manifest }) {
  const found = manifest.modules.flatMap(({ declarations }) => declarations);
  const elements = found.filter(({ tagName }) => tagName).map(publicOf);
  const scripts = groupBy(elements.sort(byTag), ({ tagName }) => scriptOf(tagName));
  manifest.modules = [...scripts].map(([path, declarations]) => ({
    kind: "javascript-module",
    path,
    declarations,
    exports: declarations.map(({ name, tagName }) => ({
      kind: "custom-element-definition",
      name: tagName,
      declaration: { name, module: path },
    })),
  }));
}

function scriptOf(tag) {
  if (tag in SCRIPTS) return SCRIPTS[tag];
  throw new Error(
    `expected the script of ${tag} in custom-elements-manifest.config.mjs, got: none`,
  );
}

/** `Map.groupBy` is not in the oldest Node that builds this. */
function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values)
    groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}

const byTag = (one, other) => Number(one.tagName > other.tagName) || -1;

function publicOf({ members = [], events = [], attributes = [], superclass, ...element }) {
  return {
    ...element,
    attributes: attributes.filter(({ description }) => description),
    events: events.filter(({ description }) => description),
    members: members.filter(isPublic),
  };
}

function isPublic({ name, privacy, static: isStatic, description }) {
  return description && privacy !== "private" && !isStatic && !OURS.test(name);
}
