import { type Clock, rfc3339 } from '../machinery/clock.js'
import { mediaTypes, parseAccept, unacceptableForm } from '../machinery/negotiation.js'
import type { Stage } from './pipeline.js'
import { jsonValue, text } from './respond.js'

export interface DebugPagesOptions {
  /** As upstream calls it, such as `kube-apiserver`. */
  readonly component: string
  readonly clock: Clock
  /** The version the component calls itself, such as `1.36.0`. */
  readonly version: string
  /** The flags it was started with, by their names. */
  readonly flags: { readonly [name: string]: string }
  /** Paths beside the resources that it answers. */
  readonly paths: readonly string[]
}

const warning =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'

const group = 'config.k8s.io'
const versions: readonly (string | undefined)[] = ['v1alpha1', 'v1beta1']

/**
 * `/statusz` and `/flagz`, for people and, where the Accept header asks for `Statusz` or `Flagz`, for programs:
 * https://kubernetes.io/docs/reference/instrumentation/zpages/
 */
export function debugPagesStage({ component, clock, version, flags, paths }: DebugPagesOptions): Stage {
  const started = clock.now()
  const emulationVersion = version.split('.').slice(0, 2).join('.')
  const [major = '', minor = ''] = emulationVersion.split('.')
  const minimumCompatibilityVersion = `${major}.${Number(minor) - 1}`
  const sortedPaths = [...paths].sort()
  const page = (name: string, lines: readonly string[]): string =>
    `\n${component} ${name}\n${warning}\n\n${lines.map(line => `${line}\n`).join('')}`
  const pageOf = (name: string, seconds: number): string => {
    if (name === 'flagz') {
      const names = Object.keys(flags).sort()
      return page(
        name,
        names.map(flag => `${flag}=${flags[flag]}`),
      )
    }
    return page(name, [
      `Started: ${goDate(started)}`,
      `Up: ${Math.floor(seconds / 3600)} hr ${twoDigits(Math.floor(seconds / 60) % 60)} min ${twoDigits(seconds % 60)} sec`,
      `Runtime version: Node.js ${process.version}`,
      `Binary version: ${version}`,
      `Emulation version: ${emulationVersion}`,
      `Minimum compatibility version: ${minimumCompatibilityVersion}`,
      `Paths: ${sortedPaths.join(' ')}`,
    ])
  }
  const objectOf = (name: string, kind: string, apiVersion: string, seconds: number) => {
    const head = { kind, apiVersion, metadata: { name: component } }
    if (name === 'flagz') return { ...head, flags }
    return {
      ...head,
      startTime: rfc3339(started),
      uptimeSeconds: seconds,
      ...{ binaryVersion: version, emulationVersion, minimumCompatibilityVersion },
      paths: sortedPaths,
    }
  }
  return async ({ info, request }, next) => {
    if (info.verb !== 'get' || (info.path !== '/statusz' && info.path !== '/flagz')) return next()
    const name = info.path.slice(1)
    const kind = name === 'flagz' ? 'Flagz' : 'Statusz'
    const seconds = Math.floor((clock.now() - started) / 1000)
    const asked = versionAsked(request.headers.accept ?? '', kind)
    if (asked === undefined) return text(200, pageOf(name, seconds))
    return jsonValue(request, 200, objectOf(name, kind, `${group}/${asked}`, seconds))
  }
}

/** The version of the object that the Accept header prefers; undefined if it prefers text. Throws a 406. */
function versionAsked(accept: string, kind: string): string | undefined {
  if (!accept.trim()) return undefined
  for (const { type, subtype, parameters } of parseAccept(accept)) {
    const media = `${type}/${subtype}`
    const { as, g, v } = parameters
    const isObject = as === kind && g === group && versions.includes(v)
    if (isObject && (media === mediaTypes.json || media === mediaTypes.yaml)) return v
    const isPlain = as === undefined && g === undefined && v === undefined
    if (isPlain && (media === '*/*' || media === 'text/*' || media === 'text/plain')) return undefined
  }
  throw unacceptableForm(['json', 'yaml', 'protobuf'], false, ['text/plain'])
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** As in `Mon Jan  2 15:04:05 UTC 2006`. */
function goDate(ms: number): string {
  const [day = '', date = '', month = '', year = '', time = ''] = new Date(ms).toUTCString().split(/,? /)
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} UTC ${year}`
}
