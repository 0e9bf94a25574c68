import type { Clock } from '../machinery/clock.js'
import type { Stage } from './pipeline.js'
import { text } from './respond.js'

export interface DebugPagesOptions {
  readonly clock: Clock
  /** The version the server calls itself, such as `1.36.0`. */
  readonly version: string
  /** The flags it was started with. */
  readonly flags: { readonly [name: string]: string }
  /** Paths beside the resources that it answers. */
  readonly paths: readonly string[]
}

const warning =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'

/** `/statusz` and `/flagz`: https://kubernetes.io/docs/reference/instrumentation/zpages/ */
export function debugPagesStage({ clock, version, flags, paths }: DebugPagesOptions): Stage {
  const started = clock.now()
  return async ({ info }, next) => {
    if (info.verb !== 'get') return next()
    if (info.path === '/flagz') {
      const lines = Object.keys(flags)
        .sort()
        .map(name => `${name}=${flags[name]}`)
      return text(200, page('flagz', lines))
    }
    if (info.path !== '/statusz') return next()
    const seconds = Math.floor((clock.now() - started) / 1000)
    return text(
      200,
      page('statusz', [
        `Started: ${goDate(started)}`,
        `Up: ${Math.floor(seconds / 3600)} hr ${twoDigits(Math.floor(seconds / 60) % 60)} min ${twoDigits(seconds % 60)} sec`,
        `Runtime version: Node.js ${process.version}`,
        `Binary version: ${version}`,
        `Emulation version: ${version.split('.').slice(0, 2).join('.')}`,
        `Paths: ${[...paths].sort().join(' ')}`,
      ]),
    )
  }
}

const page = (name: string, lines: readonly string[]): string =>
  `\nkube-apiserver ${name}\n${warning}\n\n${lines.map(line => `${line}\n`).join('')}`

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** As in `Mon Jan  2 15:04:05 UTC 2006`. */
function goDate(ms: number): string {
  const [day = '', date = '', month = '', year = '', time = ''] = new Date(ms).toUTCString().split(/,? /)
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} UTC ${year}`
}
