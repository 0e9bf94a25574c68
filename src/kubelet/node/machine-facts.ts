import { readFileSync } from 'node:fs'
import { arch, cpus, hostname, networkInterfaces, release, totalmem } from 'node:os'

/** What does not change about a machine while it runs. */
export interface MachineFacts {
  readonly hostname: string
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  readonly swap: number
  /** Kubernetes' name of the processor's kind: `amd64`, `arm64`. */
  readonly architecture: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
}

const architectures: { readonly [arch: string]: string } = { x64: 'amd64', ia32: '386' }

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

export function machineFacts(): MachineFacts {
  const machineId = readText('/etc/machine-id') || readText('/var/lib/dbus/machine-id')
  const os = /^PRETTY_NAME="?(.*?)"?$/m.exec(readText('/etc/os-release'))?.[1]
  const memory = readText('/proc/meminfo')
  return {
    hostname: hostname(),
    cpus: cpus().length || 1,
    memory: kibibytes(memory, 'MemTotal') || totalmem(),
    swap: kibibytes(memory, 'SwapTotal'),
    architecture: architectures[arch()] ?? arch(),
    kernelVersion: release(),
    osImage: os || 'Linux',
    machineId,
    systemUuid: readText('/sys/class/dmi/id/product_uuid') || machineId,
    bootId: readText('/proc/sys/kernel/random/boot_id'),
  }
}

/** A line of /proc/meminfo, in bytes. */
export const kibibytes = (meminfo: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024

/** The node's addresses: those of the interface that leads to the world; any other's, or the loopback's, failing that. */
export function hostAddresses(routes = readText('/proc/net/route')): readonly string[] {
  const interfaces = networkInterfaces()
  const outward = routes
    .split('\n')
    .map(line => line.split(/\s+/))
    .find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0]
  const candidates = [...(outward ? [outward] : []), ...Object.keys(interfaces)]
  for (const name of candidates) {
    const addresses = (interfaces[name] ?? []).filter(({ internal, scopeid }) => !internal && !scopeid)
    const first = addresses.find(({ family }) => family === 'IPv4') ?? addresses[0]
    if (first) return [first.address]
  }
  return ['127.0.0.1']
}
