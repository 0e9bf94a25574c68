/** Sets a map's entry, even one called `__proto__`, which plain assignment would take for the prototype. */
export function setEntry(entries: { [key: string]: unknown }, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(entries, key, { value, writable: true, enumerable: true, configurable: true })
  else entries[key] = value
}

/** The keys of a map in the order in which Go writes them. */
export function sortedKeys(map: { readonly [key: string]: unknown }): string[] {
  const keys = Object.keys(map)
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort()
  return keys
}
