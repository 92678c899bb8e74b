/** Finding one of a thousand classes by a few letters: the class numbers, best first. */

/**
 * Best: the class number or the whole name, its beginning, every word of the query at the beginning of a
 * word, every word anywhere. Among equals the more probable, then the shorter, then the first.
 */
export function searchClasses(
  query: string,
  names: readonly string[],
  limit: number,
  probability: ReadonlyMap<number, number>,
): number[] {
  const wanted = fold(query.trim());
  const words = wanted.split(/\s+/);
  const matches: number[][] = [];
  names.forEach((name, index) => {
    const folded = fold(name);
    let rank = words.every((word) => beginsWord(folded, word)) ? 2 : 3;
    if (String(index) === wanted || folded === wanted) rank = 0;
    else if (folded.startsWith(wanted)) rank = 1;
    else if (!words.every((word) => folded.includes(word))) return;
    matches.push([rank, -(probability.get(index) ?? 0), wanted ? name.length : 0, index]);
  });
  matches.sort((a, b) => {
    const i = a.findIndex((value, at) => value !== b[at]);
    return a[i]! - b[i]!;
  });
  return matches.slice(0, limit).map((order) => order[3]!);
}

function beginsWord(text: string, part: string): boolean {
  let at = text.indexOf(part);
  while (at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1]!)) at = text.indexOf(part, at + 1);
  return at >= 0;
}

/** Lower case without accents. */
const fold = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
