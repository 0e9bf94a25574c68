/** Milliseconds as Kubernetes writes durations into messages: `10s`, `1m20s`, `5m0s`, `1.234s`, `15ms`. */
export function goDuration(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${Number(ms.toFixed(3))}ms`
  const seconds = ms / 1000
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = `${Number((seconds % 60).toFixed(3))}s`
  if (hours) return `${hours}h${minutes}m${rest}`
  return minutes ? `${minutes}m${rest}` : rest
}
