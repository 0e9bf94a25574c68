const longestBase = 57

/** What the name of a generated claim begins with: cut at both parts alike, lest the second is lost. */
export function claimBaseName(podName: string, entry: string): string {
  const base = `${podName}-${entry}-`
  if (base.length <= longestBase) return base
  const part = (text: string) => text.slice(0, Math.floor((text.length * longestBase) / base.length))
  return `${part(podName)}-${part(entry)}`
}
