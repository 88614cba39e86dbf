/** Links to a line: `#L120`, or `#import-L120` where the element has the id `import`. */

function prefix(element: Element): string {
  return element.id ? `${element.id}-L` : "L";
}

/** The address of this page at a line. */
export function linkTo(element: Element, n: number): string {
  const { pathname, search } = location;
  return `${pathname}${search}#${encodeURIComponent(prefix(element))}${n}`;
}

/** The line that the page's address names, 0 for none. */
export function linked(element: Element): number {
  const hash = location.hash.slice(1);
  const start = encodeURIComponent(prefix(element));
  const n = hash.startsWith(start) ? Number(hash.slice(start.length)) : 0;
  return Number.isSafeInteger(n) && n > 0 ? n : 0;
}
