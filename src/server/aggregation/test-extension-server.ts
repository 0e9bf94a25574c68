import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { APIService } from '../../api/apiregistration/v1/index.js'
import { ConfigMap, Service } from '../../api/core/v1/index.js'
import type { ControlPlane } from '../../cluster/control-plane.js'
import { issueServingCertificate } from '../../cluster/pki.js'

export const group = 'wardle.example.com'

interface Flunder {
  readonly metadata: { readonly name: string; readonly namespace: string }
}

/**
 * An extension API server for tests: serves flunders of `wardle.example.com/v1`, and believes those alone whom the
 * cluster's config map tells it to. What it is asked is in `seen`.
 */
export class ExtensionServer implements AsyncDisposable {
  readonly seen: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[] = []
  /** Answers everything with this status, if set. */
  broken = 0
  /** Whether it knows aggregated discovery. */
  aggregated = true
  /** Whether it has documents of OpenAPI v3. */
  openApiV3 = true
  /** Tells nonsense in its documents. */
  lies = ''
  /** What its OpenAPI documents say of a flunder. */
  description = 'A flunder is what the test says.'
  readonly #flunders = new Map<string, Flunder>()
  readonly #watchers = new Set<ServerResponse>()
  readonly #sockets = new Set<Socket>()

  private constructor(
    private readonly server: Server,
    readonly caBundle: string,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response))
    server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      if (!isFrontProxy(request)) return void socket.destroy()
      this.#note(request)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
      socket.write(`hello ${request.headers['x-remote-user']}\n`)
      socket.pipe(socket)
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start({ client, pki }: ControlPlane): Promise<ExtensionServer> {
    const { data } = await client.get(ConfigMap, {
      namespace: 'kube-system',
      name: 'extension-apiserver-authentication',
    })
    const { certificate, key } = await issueServingCertificate(pki.ca, {
      subject: { commonName: 'wardle' },
      hosts: ['wardle.default.svc'],
    })
    const server = createServer({
      cert: certificate,
      key,
      ca: data?.['requestheader-client-ca-file'] ?? '',
      requestCert: true,
      rejectUnauthorized: false,
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new ExtensionServer(server, Buffer.from(pki.ca.certificate).toString('base64'))
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** Makes the service `wardle` lead here, and registers it. */
  async register({ client }: ControlPlane, spec: Partial<APIService['spec']> = {}): Promise<void> {
    await client.create(Service, {
      metadata: { namespace: 'default', name: 'wardle' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    })
    await client.create(APIService, {
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: 'v1',
        groupPriorityMinimum: 2000,
        versionPriority: 15,
        service: { namespace: 'default', name: 'wardle', port: this.port },
        caBundle: this.caBundle,
        ...spec,
      },
    } as never)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.server.close(() => resolve()))
  }

  #note({ method = '', url = '', headers }: IncomingMessage): void {
    this.seen.push({ method, url, headers })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const json = (status: number, value: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    const trusted = isFrontProxy(request)
    if (trusted) this.#note(request)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x')
    const root = `/apis/${group}/v1`
    const [, namespace = '', name] = /\/namespaces\/([^/]+)\/flunders(?:\/([^/]+))?$/.exec(pathname) ?? []
    if (trusted && this.lies && (pathname === '/apis' || pathname.startsWith('/openapi/')))
      response.writeHead(200, { 'content-type': 'application/json;as=APIGroupDiscoveryList' }).end(this.lies)
    else if (!trusted) json(401, { kind: 'Status', code: 401 })
    else if (this.broken) json(this.broken, { kind: 'Status', code: this.broken })
    else if (pathname === '/apis' && this.aggregated) this.#discovery(request, response)
    else if (pathname === root) json(200, resourceList)
    else if (pathname.startsWith('/openapi/')) this.#openApi(request, response, pathname)
    else if (pathname === `${root}/elsewhere`) response.writeHead(302, { location: 'https://evil/' }).end()
    else if (searchParams.get('watch')) this.#watch(response)
    else if (request.method === 'POST') this.#create(request, namespace, flunder => json(201, flunder))
    else if (name && this.#flunders.has(`${namespace}/${name}`)) json(200, this.#flunders.get(`${namespace}/${name}`))
    else if (namespace && !name) json(200, this.#list)
    else if (pathname === `${root}/flunders`) json(200, this.#list)
    else json(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 })
  }

  get #list() {
    const items = [...this.#flunders.values()]
    return { kind: 'FlunderList', apiVersion: `${group}/v1`, metadata: {}, items }
  }

  #discovery(request: IncomingMessage, response: ServerResponse): void {
    const etag = '"one"'
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
    response
      .writeHead(200, { 'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', etag })
      .end(JSON.stringify(aggregatedDiscovery))
  }

  #openApi(request: IncomingMessage, response: ServerResponse, path: string): void {
    const name = 'com.example.wardle.v1.Flunder'
    const gvk = { group, version: 'v1', kind: 'Flunder' }
    const schema = {
      type: 'object',
      description: this.description,
      properties: { kind: { type: 'string' }, weight: { type: 'integer', description: 'How heavy it is.' } },
      'x-kubernetes-group-version-kind': [gvk],
    }
    const paths = (schema: object) => ({
      [`/apis/${group}/v1/flunders`]: {
        get: {
          operationId: 'listFlunders',
          'x-kubernetes-action': 'list',
          'x-kubernetes-group-version-kind': gvk,
          responses: { 200: { description: 'OK', ...schema } },
        },
      },
    })
    const documents: { readonly [path: string]: object } = {
      '/openapi/v2': {
        swagger: '2.0',
        info: { title: 'wardle', version: '1' },
        paths: { ...paths({ schema: { $ref: `#/definitions/${name}` } }), '/elsewhere': {} },
        definitions: { [name]: schema, unused: { type: 'string' } },
      },
      '/openapi/v3': {
        paths: {
          [`apis/${group}/v1`]: { serverRelativeURL: `/openapi/v3/apis/${group}/v1?hash=${hashOf(this.description)}` },
          'apis/other/v1': { serverRelativeURL: '/openapi/v3/apis/other/v1?hash=1' },
        },
      },
      [`/openapi/v3/apis/${group}/v1`]: {
        openapi: '3.0.0',
        info: { title: 'wardle', version: '1' },
        paths: paths({ content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } }),
        components: { schemas: { [name]: schema } },
      },
    }
    const found = this.openApiV3 || path === '/openapi/v2' ? documents[path] : undefined
    const document = JSON.stringify(found ?? {})
    const etag = `"${hashOf(document)}"`
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end()
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json', etag }).end(document)
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    this.#watchers.add(response)
    response.once('close', () => this.#watchers.delete(response))
  }

  #create(request: IncomingMessage, namespace: string, done: (flunder: Flunder) => void): void {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const sent = JSON.parse(Buffer.concat(chunks).toString())
      const flunder = { ...sent, metadata: { ...sent.metadata, namespace } }
      this.#flunders.set(`${namespace}/${flunder.metadata.name}`, flunder)
      for (const watcher of this.#watchers) watcher.write(`${JSON.stringify({ type: 'ADDED', object: flunder })}\n`)
      done(flunder)
    })
  }

  get watchers(): number {
    return this.#watchers.size
  }
}

/** As the config map says: a client of the front proxy's authority, of the front proxy's name. */
function isFrontProxy({ socket }: IncomingMessage): boolean {
  const { authorized } = socket as TLSSocket
  return authorized && (socket as TLSSocket).getPeerCertificate().subject.CN === 'front-proxy-client'
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)

const verbs = ['create', 'get', 'list', 'watch']
const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/v1`,
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs, shortNames: ['fl'] },
    { name: 'flunders/echo', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
}
const aggregatedDiscovery = {
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: [
    {
      metadata: { name: group },
      versions: [
        {
          version: 'v1',
          resources: [
            {
              resource: 'flunders',
              responseKind: { group, version: 'v1', kind: 'Flunder' },
              scope: 'Namespaced',
              singularResource: 'flunder',
              verbs,
              shortNames: ['fl'],
              subresources: [
                { subresource: 'echo', responseKind: { group, version: 'v1', kind: 'Flunder' }, verbs: ['get'] },
              ],
            },
          ],
          freshness: 'Current',
        },
      ],
    },
  ],
}
