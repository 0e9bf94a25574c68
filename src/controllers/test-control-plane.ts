import { Namespace, ServiceAccount } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { Informers } from '../client/informers.js'

/** A control plane for tests of one controller: nothing runs beside the API server but what the test starts. */
export interface BareControlPlane extends AsyncDisposable {
  readonly client: Client
  /** To look at what there is, and to share with what is tested. */
  readonly informers: Informers
  /** What went wrong, as `onError` was told. */
  readonly faults: unknown[]
  readonly onError: (error: unknown) => void
  /** Has something disposed of together with the control plane, before it. */
  use<T extends AsyncDisposable>(part: T): T
  /** Makes a namespace that pods can be made in. */
  namespace(name: string): Promise<void>
}

const bare = { port: false, controllers: false, scheduler: false } as const

type Start = (options: typeof bare) => Promise<AsyncDisposable & { readonly client: Client }>

/** Starts one, by `ControlPlane.start`; dispose of it to end everything. */
export async function bareControlPlane(start: Start): Promise<BareControlPlane> {
  const plane = await start(bare)
  const { client } = plane
  const informers = new Informers({ client })
  const faults: unknown[] = []
  const parts: AsyncDisposable[] = [plane, informers]
  // What runs in the background keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  return {
    client,
    informers,
    faults,
    onError: error => faults.push(error),
    use(part) {
      parts.push(part)
      return part
    },
    async namespace(name) {
      await client.create(Namespace, { metadata: { name } })
      await client.create(ServiceAccount, { metadata: { namespace: name, name: 'default' } })
    },
    async [Symbol.asyncDispose]() {
      clearInterval(alive)
      for (const part of parts.toReversed()) await part[Symbol.asyncDispose]()
    },
  }
}
