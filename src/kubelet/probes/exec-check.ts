import { goDuration } from '../go-duration.js'
import type { CriClient } from '../runtime/cri-client.js'
import { isTimeout } from '../runtime/runtime-error.js'
import { type CheckResult, failure, longestOutput, success, unknown } from './check-result.js'

/** Runs a command in a container; exit code 0 is success. `timeout` in milliseconds, rounded up to seconds. */
export async function execCheck(
  cri: Pick<CriClient, 'execSync'>,
  containerId: string,
  command: readonly string[],
  timeout: number,
): Promise<CheckResult> {
  try {
    const { exitCode, stdout, stderr } = await cri.execSync({
      containerId,
      cmd: command,
      timeout: Math.max(1, Math.ceil(timeout / 1000)),
    })
    const output = Buffer.concat([stdout ?? new Uint8Array(), stderr ?? new Uint8Array()])
      .subarray(0, longestOutput)
      .toString('utf8')
    return exitCode === 0 ? success(output) : failure(output)
  } catch (error) {
    if (isTimeout(error))
      return failure(`command timed out: ${JSON.stringify(command.join(' '))} timed out after ${goDuration(timeout)}`)
    return unknown(error)
  }
}
