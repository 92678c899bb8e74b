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
  return along(along(map, h, w, width, 1), width, h, height, width);
}

/**
 * Resizes rows of `from` values, a `stride` apart, to `to` values; there are `lines` such rows, one after
 * the other (stride 1) or side by side. Plain loops: a million pixels pass through here.
 */
function along(
  map: ArrayLike<number>,
  lines: number,
  from: number,
  to: number,
  stride: number,
): Float32Array {
  const resized = new Float32Array(lines * to);
  const rows = stride === 1;
  for (let i = 0; i < to; i++) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.min(Math.floor(position), from - 1);
    const second = Math.min(first + 1, from - 1);
    const share = position - first;
    for (let line = 0; line < lines; line++) {
      const start = rows ? line * from : line;
      const a = map[start + first * stride]!;
      const b = map[start + second * stride]!;
      resized[rows ? line * to + i : i * stride + line] = (1 - share) * a + share * b;
    }
  }
  return resized;
}
