import { apiClient } from '../client/api-client.js'
import { type Endpoint, httpsTransport } from '../client/https-transport.js'
import { startKubelet } from './kubelet.js'
import type { KubeletOptions } from './options.js'

/** For tests: a node agent in a process of its own, to be killed. Its options come as JSON in the first argument. */
const { endpoint, options } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly endpoint: Endpoint
  readonly options: Omit<KubeletOptions, 'client'>
}
const transport = httpsTransport(endpoint)
const kubelet = await startKubelet({ ...options, client: apiClient(transport.handle) })
await kubelet.ready
process.stdout.write('ready\n')
// Until it is killed.
setInterval(() => {}, 1 << 30)
