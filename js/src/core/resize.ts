/**
 * Bilinear resize, align_corners=False, edges clamped: y = max(0, (i + 1/2) h/H - 1/2), x likewise.
 * Equal to torch.nn.functional.interpolate(mode="bilinear") and to the Python half.
 */
export function resize(
  map: ArrayLike<number>,
  h: number,
  w: number,
  height: number,
  width: number,
): Float32Array {
  const resized = new Float32Array(height * width);
  const columns = taps(w, width);
  taps(h, height).forEach(([y0, y1, fy], row) => {
    for (let column = 0; column < width; column++) {
      const [x0, x1, fx] = columns[column]!;
      const above = (1 - fx) * map[y0 * w + x0]! + fx * map[y0 * w + x1]!;
      const below = (1 - fx) * map[y1 * w + x0]! + fx * map[y1 * w + x1]!;
      resized[row * width + column] = (1 - fy) * above + fy * below;
    }
  });
  return resized;
}

function taps(from: number, to: number): Array<[number, number, number]> {
  return Array.from({ length: to }, (_, i) => {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.min(Math.floor(position), from - 1);
    return [first, Math.min(first + 1, from - 1), position - first];
  });
}
