import type { Container, LifecycleHandler } from '../api/core/v1/index.js'
import { type Clock, sleep } from '../machinery/clock.js'
import { getOnce, httpUrl, requestHeaders } from './probes/http-check.js'
import { targetOf } from './probes/run-probe.js'
import { dialError } from './probes/tcp-check.js'
import type { CriClient } from './runtime/cri-client.js'

export interface HookSubject {
  readonly cri: Pick<CriClient, 'execSync'>
  readonly clock: Clock
  readonly containerId: string
  readonly container: Container
  /** Address of the pod. */
  readonly host: string
  readonly signal: AbortSignal
}

const userAgent = 'kube-lifecycle/1.36'

/**
 * Runs what a container asks for after its start or before its end
 * (https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/). Throws if it fails, with a message for
 * the event, or the signal's reason.
 */
export async function runHook(handler: LifecycleHandler, subject: HookSubject): Promise<void> {
  const { cri, clock, containerId, container, host, signal } = subject
  const { exec, httpGet, sleep: pause } = handler
  if (exec) {
    const cmd = exec.command ?? []
    const { exitCode, stdout, stderr } = await cri.execSync({ containerId, cmd }, { signal })
    if (exitCode === 0) return
    const output = Buffer.concat([stdout ?? new Uint8Array(), stderr ?? new Uint8Array()]).toString('utf8')
    throw new Error(
      `Exec lifecycle hook (${JSON.stringify(cmd)}) for Container ${JSON.stringify(container.name)} failed - error: command '${cmd.join(' ')}' exited with ${exitCode}: ${output}`,
    )
  }
  if (pause) return sleep(clock, pause.seconds * 1000, signal)
  if (!httpGet) throw new Error('invalid handler: neither exec, httpGet nor sleep')
  const url = httpUrl(httpGet, targetOf(host, container))
  // Whatever is answered is fine.
  await getOnce(url, requestHeaders(httpGet, userAgent), signal).catch(error => {
    signal.throwIfAborted()
    throw new Error(`Get ${JSON.stringify(url.href)}: ${dialError(error)}`)
  })
}
