/** What something had used at a moment. */
export interface UsagePoint {
  /** When it was measured, in milliseconds since the epoch. */
  readonly time: number
  /** CPU time used since the beginning, in nanoseconds. */
  readonly cpuNanoseconds: number
  /** Memory in use that cannot be reclaimed, in bytes. */
  readonly workingSet: number
  /** When it began, in milliseconds since the epoch; 0 if that is not known. */
  readonly startedAt: number
}

/** A node and its pods at a moment. */
export interface NodeSample {
  readonly node: UsagePoint | undefined
  /** `namespace/name` of a pod -> name of a container -> its use. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, UsagePoint>>
}

const line = /^([a-z_]+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/
const label = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g

/**
 * Reads a kubelet's `/metrics/resource`. `now` (milliseconds) stands in for times that are missing. What is not measured
 * in full, CPU and memory, is left out.
 */
export function parseResourceMetrics(text: string, now: number): NodeSample {
  const node = new PointDraft()
  const pods = new Map<string, Map<string, PointDraft>>()
  for (const [, name = '', labels = '', value = '', time] of matches(text)) {
    const read = readers[name]
    if (!read) continue
    if (name.startsWith('node_')) {
      read(node, Number(value), Number(time ?? now))
      continue
    }
    const { namespace, pod, container } = labelsOf(labels)
    if (!namespace || !pod || !container) continue
    const key = `${namespace}/${pod}`
    const containers = pods.get(key) ?? new Map<string, PointDraft>()
    const draft = containers.get(container) ?? new PointDraft()
    read(draft, Number(value), Number(time ?? now))
    pods.set(key, containers.set(container, draft))
  }
  return {
    node: node.point,
    pods: new Map([...pods].map(([key, containers]) => [key, pointsOf(containers)])),
  }
}

function* matches(text: string): Generator<RegExpExecArray> {
  for (const row of text.split('\n')) {
    const found = line.exec(row)
    if (found) yield found
  }
}

const labelsOf = (text: string): { readonly [name: string]: string } =>
  Object.fromEntries(
    [...text.matchAll(label)].map(([, name = '', value = '']) => [name, value.replace(/\\(.)/g, '$1')]),
  )

function pointsOf(containers: ReadonlyMap<string, PointDraft>): Map<string, UsagePoint> {
  const points = new Map<string, UsagePoint>()
  for (const [name, { point }] of containers) if (point) points.set(name, point)
  return points
}

class PointDraft {
  cpuSeconds: number | undefined
  workingSet: number | undefined
  startedAt = 0
  time = 0

  get point(): UsagePoint | undefined {
    const { cpuSeconds, workingSet, startedAt, time } = this
    // Memory of 0 is that of a container which has just ended.
    if (cpuSeconds === undefined || !workingSet) return undefined
    return { time, cpuNanoseconds: Math.round(cpuSeconds * 1e9), workingSet, startedAt }
  }
}

type Reader = (draft: PointDraft, value: number, time: number) => void

const readCpu: Reader = (draft, value, time) => {
  draft.cpuSeconds = value
  draft.time = time
}
const readMemory: Reader = (draft, value) => {
  draft.workingSet = value
}

const readers: { readonly [metric: string]: Reader } = {
  node_cpu_usage_seconds_total: readCpu,
  node_memory_working_set_bytes: readMemory,
  container_cpu_usage_seconds_total: readCpu,
  container_memory_working_set_bytes: readMemory,
  container_start_time_seconds(draft, value) {
    draft.startedAt = value * 1000
  },
}
