/**
 * Whether two JSON values are the same. A field that is undefined counts as absent; the order of fields does not matter,
 * that of items does. Shared parts cost nothing.
 */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let index = 0; index < a.length; index++) if (!jsonEqual(a[index], b[index])) return false
    return true
  }
  if (Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  let extra = 0
  for (const key in left) {
    const value = left[key]
    if (value === undefined) continue
    extra--
    if (!Object.hasOwn(right, key) || !jsonEqual(value, right[key])) return false
  }
  for (const key in right) if (right[key] !== undefined) extra++
  return extra === 0
}
