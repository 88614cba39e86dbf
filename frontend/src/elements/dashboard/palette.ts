/** What a few letters find of what can be gone to or done. Knows no page. */

export interface Choice {
  readonly name: string;
  /** Of what sort it is. */
  readonly about: string;
  /** Which keys do the same; "" for none. */
  readonly keys: string;
  readonly run: () => void;
}

export const MOST = 12; // choices that are shown at once

/**
 * Those whose name, or sort, has all the words in it; first those that begin with the first word,
 * then those of which a word does. Without a word all, as they are.
 */
export function matching(choices: readonly Choice[], said: string): readonly Choice[] {
  const words = said.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return choices;
  const rank = ({ name }: Choice) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(first)) return 0;
    return lower.split(/\s+/).some((word) => word.startsWith(first)) ? 1 : 2;
  };
  return choices
    .filter((one) => {
      const text = `${one.name} ${one.about}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((one, other) => rank(one) - rank(other));
}
