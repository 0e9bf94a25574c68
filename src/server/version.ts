import { StatusError } from '../machinery/status-error.js'
import type { Stage } from './pipeline.js'
import { jsonValue } from './respond.js'

/** The release of Kubernetes whose API this is. */
export const kubernetesVersion = 'v1.36.2'

/** What `/version` answers. */
const versionInfo = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: kubernetesVersion,
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: process.version,
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
}

export const versionStage: Stage = async ({ info, request }, next) => {
  if (info.path !== '/version' && info.path !== '/version/') return next()
  if (request.method !== 'GET')
    throw new StatusError(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
      {},
    )
  return jsonValue(request, 200, versionInfo)
}
