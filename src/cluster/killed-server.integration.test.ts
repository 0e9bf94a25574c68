import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ConfigMap } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { httpsTransport } from '../client/https-transport.js'

const main = fileURLToPath(new URL('../cli/main.js', import.meta.url))
const namespace = 'default'
const token = 'token'
const writers = 12
/** After so many answered writes each, the server is killed. */
const rounds = [150, 400, 250]

/** What a writer was told, or a watcher saw: the state of an object at a version. */
interface Seen {
  readonly version: number
  readonly name: string
  /** Undefined once it is deleted. */
  readonly value: string | undefined
}

class Server {
  constructor(
    readonly child: ChildProcess,
    readonly client: Client,
    private readonly transport: AsyncDisposable,
  ) {}

  /** Starts the real program on a folder and waits until it serves. */
  static async start(folder: string): Promise<Server> {
    const flags = ['--data-dir', join(folder, 'data'), '--secure-port', '0', '--bind-address', '127.0.0.1']
    const child = spawn(process.execPath, [main, 'apiserver', ...flags, '--token-auth-file', join(folder, 'tokens')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const server = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', text => {
        said += text
        const found = /serving at (https:\S+)\n/.exec(said)?.[1]
        if (found) resolve(found)
      })
      child.once('exit', () => reject(new Error(`the server ended: ${said}`)))
    })
    const transport = httpsTransport({ server, token, insecureSkipTlsVerify: true })
    return new Server(child, apiClient(transport.handle), transport)
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const exit = this.child.exitCode === null && this.child.signalCode === null ? once(this.child, 'exit') : undefined
    this.child.kill(signal)
    await exit
    await this.transport[Symbol.asyncDispose]()
  }
}

const seenAs = ({ metadata, data }: ConfigMap, deleted = false): Seen => ({
  version: Number(metadata.resourceVersion),
  name: metadata.name ?? '',
  value: deleted ? undefined : data?.['value'],
})

/** Writes one object after the other until the server is gone; `told` hears of every answer. */
async function write(client: Client, writer: string, told: (seen: Seen) => void): Promise<void> {
  for (let i = 0; ; i++) {
    const name = `${writer}-${i % 5}`
    const value = `${writer} ${i} ${'x'.repeat((i % 7) * 200)}`
    const found = (await client.list(ConfigMap, { namespace })).items.find(({ metadata }) => metadata.name === name)
    if (!found) told(seenAs(await client.create(ConfigMap, { metadata: { name, namespace }, data: { value } })))
    else if (i % 4 === 0) {
      await client.delete(ConfigMap, { name, namespace })
      // The answer names no version; that it is gone from then on has to show.
      told({ version: Number.NaN, name, value: undefined })
    } else told(seenAs(await client.update(ConfigMap, { ...found, data: { value } })))
  }
}

it('a server that is killed loses no write that it answered, and no event', { timeout: 180_000 }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-killed-'))
  let running: Server | undefined
  t.after(async () => {
    await running?.end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  await writeFile(join(folder, 'tokens'), `${token},test,1,"system:masters"\n`)
  let server = (running = await Server.start(folder))
  const told: Seen[] = []
  const events: Seen[] = []
  let resourceVersion = (await server.client.list(ConfigMap, { namespace })).resourceVersion
  /** Sees what happens until the server is gone, or the last version has come. */
  const watch = async (client: Client, until = Number.POSITIVE_INFINITY): Promise<void> => {
    for await (const event of client.watch(ConfigMap, { namespace, resourceVersion })) {
      if (event.type === 'BOOKMARK') continue
      events.push(seenAs(event.object, event.type === 'DELETED'))
      resourceVersion = event.object.metadata.resourceVersion ?? ''
      if (Number(resourceVersion) >= until) return
    }
  }
  for (const [round, enough] of rounds.entries()) {
    let answers = 0
    const enoughTold = new Promise<void>(resolve => {
      const tell = (seen: Seen) => {
        told.push(seen)
        if (++answers === enough) resolve()
      }
      const { client } = server
      const all = [watch(client), ...Array.from({ length: writers }, (_, i) => write(client, `w${round}-${i}`, tell))]
      // Each of them ends when the server does.
      void Promise.allSettled(all).then(() => resolve())
    })
    await enoughTold
    await server.end('SIGKILL')
    assert.ok(answers >= enough, 'the server ended by itself')
    server = running = await Server.start(folder)
  }
  const last = await server.client.create(ConfigMap, { metadata: { name: 'last', namespace } })
  await Promise.race([
    watch(server.client, Number(last.metadata.resourceVersion)),
    pause(60_000, undefined, { ref: false }),
  ])

  for (const [i, { version }] of events.entries())
    assert.ok(i === 0 || version > (events[i - 1]?.version ?? 0), `event ${i}: each comes once, in order`)
  const byVersion = new Map(events.map(event => [event.version, event]))
  const deletions = (name: string) => events.filter(event => event.name === name && event.value === undefined).length
  for (const seen of told) if (!Number.isNaN(seen.version)) assert.deepEqual(byVersion.get(seen.version), seen)
  for (const name of new Set(told.map(({ name }) => name))) {
    const answered = told.filter(seen => seen.name === name && seen.value === undefined).length
    // One more may have happened without its answer.
    assert.ok(deletions(name) >= answered, `${name}: ${answered} deletions were answered, ${deletions(name)} seen`)
  }
  const state = new Map<string, string | undefined>()
  for (const { name, value } of events) {
    if (value === undefined && name !== 'last') state.delete(name)
    else state.set(name, value)
  }
  const { items } = await server.client.list(ConfigMap, { namespace })
  const kept = new Map(items.map(item => [item.metadata.name ?? '', item.data?.['value']]))
  kept.delete('kube-root-ca.crt')
  state.delete('kube-root-ca.crt')
  assert.deepEqual(new Map([...kept].sort()), new Map([...state].sort()))
})
