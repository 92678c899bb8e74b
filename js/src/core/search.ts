/** Finding one of a thousand classes by a few letters. */

export interface Match {
  index: number;
  /** Where the matched letters stand in the name, for emphasis. */
  spans: Array<[number, number]>;
}

/**
 * Best first: the class number, the whole name, its beginning, a word's beginning, all words of the query
 * at beginnings of words, anywhere. Within a rank the more probable, then the shorter, then the first.
 */
export function searchClasses(
  query: string,
  names: readonly string[],
  limit: number,
  probability: ReadonlyMap<number, number> = new Map(),
): Match[] {
  const wanted = fold(query.trim());
  const found: Array<Match & { rank: number }> = [];
  const words = wanted.split(/\s+/).filter(Boolean);
  names.forEach((name, index) => {
    const ranked = rankName(wanted, words, name, index);
    if (ranked) found.push({ index, ...ranked });
  });
  const chance = (index: number): number => probability.get(index) ?? 0;
  found.sort(
    (a, b) =>
      a.rank - b.rank ||
      chance(b.index) - chance(a.index) ||
      (wanted ? names[a.index]!.length - names[b.index]!.length : 0) ||
      a.index - b.index,
  );
  return found.slice(0, limit).map(({ index, spans }) => ({ index, spans }));
}

function rankName(
  wanted: string,
  words: readonly string[],
  name: string,
  index: number,
): { rank: number; spans: Array<[number, number]> } | null {
  if (wanted === "") return { rank: 0, spans: [] };
  const folded = fold(name);
  const at = folded.indexOf(wanted);
  if (String(index) === wanted) return { rank: 0, spans: [] };
  if (at >= 0) {
    const spans: Array<[number, number]> = [[at, at + wanted.length]];
    if (folded === wanted) return { rank: 1, spans };
    if (at === 0) return { rank: 2, spans };
    const inner = beginning(folded, wanted);
    if (inner >= 0) return { rank: 3, spans: [[inner, inner + wanted.length]] };
    return { rank: 5, spans };
  }
  const starts = words.map((word) => beginning(folded, word));
  if (words.length < 2 || starts.some((start) => start < 0)) return null;
  const spans = starts.map((start, i): [number, number] => [start, start + words[i]!.length]);
  return { rank: 4, spans: spans.sort((a, b) => a[0] - b[0]) };
}

/** First place where `part` stands at the beginning of a word, or -1. */
function beginning(text: string, part: string): number {
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]!)) return at;
  }
  return -1;
}

/** Lower case without accents, letter by letter, so that positions stay those of the name. */
function fold(text: string): string {
  return Array.from({ length: text.length }, (_, i) => {
    const plain = text[i]!.normalize("NFD").charAt(0).toLowerCase();
    return plain.length === 1 ? plain : text[i]!;
  }).join("");
}
