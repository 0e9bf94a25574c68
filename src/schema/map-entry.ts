/** Sets a map's entry, even one called `__proto__`, which plain assignment would take for the prototype. */
export function setEntry(entries: { [key: string]: unknown }, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(entries, key, { value, writable: true, enumerable: true, configurable: true })
  else entries[key] = value
}
