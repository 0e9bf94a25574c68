import type { Container, Probe } from '../../api/core/v1/index.js'
import type { CriClient } from '../runtime/cri-client.js'
import { type CheckResult, portNumber, type Target, unknown } from './check-result.js'
import { execCheck } from './exec-check.js'
import { grpcCheck } from './grpc-check.js'
import { httpCheck } from './http-check.js'
import { tcpCheck } from './tcp-check.js'

/** How the node introduces itself to containers it probes. */
const userAgent = 'kube-probe/1.36'

export interface ProbeSubject {
  readonly cri: Pick<CriClient, 'execSync'>
  readonly containerId: string
  /** Address of the pod. */
  readonly host: string
  readonly container: Container
}

export const targetOf = (host: string, { ports = [] }: Container): Target => ({
  host,
  ports: new Map(ports.flatMap(({ name, containerPort }) => (name ? [[name, containerPort] as const] : []))),
})

/** Runs a probe once. Never throws. */
export async function runProbe(
  probe: Probe,
  { cri, containerId, host, container }: ProbeSubject,
): Promise<CheckResult> {
  const timeout = (probe.timeoutSeconds || 1) * 1000
  const { exec, httpGet, tcpSocket, grpc } = probe
  const target = targetOf(host, container)
  try {
    if (exec) return await execCheck(cri, containerId, exec.command ?? [], timeout)
    if (httpGet) return await httpCheck(httpGet, target, { timeout, userAgent })
    if (tcpSocket) return await tcpCheck(tcpSocket.host || host, portNumber(tcpSocket.port, target.ports), timeout)
    if (grpc) return await grpcCheck(host, grpc.port, grpc.service ?? '', { timeout, userAgent })
    return unknown('missing probe handler')
  } catch (error) {
    return unknown(error)
  }
}
