/** Completion indexes as a job's status writes them: `0,2-5`. Text that is wrong adds nothing. */
export function readIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const [first = '', last = first] = part.split('-')
    if (!/^\d+$/.test(first) || !/^\d+$/.test(last)) continue
    for (let index = Number(first); index <= Number(last); index++) indexes.add(index)
  }
  return indexes
}

/** Sorted, with runs of three and more written as ranges, and pairs as two. */
export function writeIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b)
  const parts: string[] = []
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at] ?? 0
    let end = at
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++
    const last = sorted[end] ?? first
    parts.push(last === first ? String(first) : last === first + 1 ? `${first},${last}` : `${first}-${last}`)
    at = end + 1
  }
  return parts.join(',')
}
