/** Words in the page's language, with each number in its form. */

export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;
type Values = Readonly<Record<string, string | number>>;

export const language = () => document.documentElement.lang || undefined;

/** Says words in English, or as `brought` has them, which is asked for the first time only. */
export function spoken<W extends string>(
  english: Readonly<Record<W, string | Plural>>,
  brought: () => object | undefined,
): (word: W, values?: Values) => string {
  let known: Readonly<Record<W, string | Plural>> | undefined;
  let rules: Intl.PluralRules | undefined;
  return (word, values = {}) => {
    known ??= { ...english, ...brought() };
    rules ??= new Intl.PluralRules(language());
    const entry: string | Plural = known[word];
    const pattern =
      typeof entry === "string" ? entry : (entry[rules.select(Number(values["n"]))] ?? entry.other);
    return pattern.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name]));
  };
}

function shown(value: string | number | undefined): string {
  return typeof value === "number" ? value.toLocaleString(language()) : (value ?? "");
}
