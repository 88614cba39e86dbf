/** The words that `{% headway_scripts %}` brings for one part where the page is not in English. */
export function brought(part: string): object | undefined {
  return JSON.parse(document.getElementById("headway-words")?.textContent || "{}")[part];
}
