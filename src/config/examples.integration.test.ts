import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { apiClient } from '../client/api-client.js'
import { httpsTransport } from '../client/https-transport.js'
import { eventually } from '../controllers/eventually.js'
import { unpackKubectl } from '../machinery/streaming/test-kubectl.js'
import { ToolBench } from '../server/discovery/test-cluster-tools.js'

/** The repository's examples, wherever in it this file was compiled to. */
const examples = (() => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'examples'))) folder = dirname(folder)
  return join(folder, 'examples')
})()

/** A control plane with an example, and kubectl. */
const benchWith = (example: string) =>
  ToolBench.start(unpackKubectl, { config: join(examples, example, 't8s.config.ts') })

describe('a policy', { timeout: 300_000 }, () => {
  let bench: ToolBench
  before(async () => {
    bench = await benchWith('policy')
  })
  after(() => bench[Symbol.asyncDispose]())
  const deployment = (image: string, labels: object) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
    },
  })
  const apply = (image: string, labels: object, ...args: string[]) =>
    bench.try(['apply', '-f', '-', ...args], { input: Buffer.from(JSON.stringify(deployment(image, labels))) })

  it('refuses what has no owner', async () => {
    const { code, stderr } = await apply('docker.io/library/nginx:1', {})
    assert.equal(code, 1)
    assert.match(
      stderr,
      /deployments\.apps "web" is forbidden: it needs a label "owner" that says whom to ask about it/,
    )
  })

  it('refuses images from elsewhere', async () => {
    const { code, stderr } = await apply('evil.example.org/nginx:1', { owner: 'jane' })
    assert.equal(code, 1)
    assert.match(stderr, /the image evil\.example\.org\/nginx:1 of web comes from none of registry\.example\.com\//)
  })

  it('fills in what is left out', async () => {
    assert.equal((await apply('docker.io/library/nginx:1', { owner: 'jane' })).code, 0)
    const web = JSON.parse(await bench.run('get', 'deployment', 'web', '-o', 'json'))
    assert.deepEqual(web.metadata.labels, { owner: 'jane', tier: 'standard' })
    assert.deepEqual(web.spec.template.spec.containers[0].resources, { requests: { cpu: '100m', memory: '128Mi' } })
    await bench.run('rollout', 'status', 'deployment/web', '--timeout=120s')
  })

  it('holds for changes, and leaves other namespaces alone', async () => {
    const { code, stderr } = await bench.try(['label', 'deployment', 'web', 'owner-'])
    assert.equal(code, 1)
    assert.match(stderr, /it needs a label "owner"/)
    assert.equal((await apply('evil.example.org/nginx:1', {}, '--namespace=kube-system')).code, 0)
  })
})

describe('an operator', { timeout: 300_000 }, () => {
  let bench: ToolBench
  before(async () => {
    bench = await benchWith('operator')
  })
  after(() => bench[Symbol.asyncDispose]())
  const website = (spec: object) => ({
    apiVersion: 'example.com/v1',
    kind: 'Website',
    metadata: { name: 'home', namespace: 'default' },
    spec,
  })
  const apply = (spec: object) => bench.try(['apply', '-f', '-'], { input: Buffer.from(JSON.stringify(website(spec))) })

  it('makes what a website needs, and says when it is ready', async () => {
    assert.deepEqual((await apply({ html: '<h1>Hello</h1>' })).stderr, '')
    await bench.run('wait', 'website/home', '--for=jsonpath={.status.ready}=2', '--timeout=120s')
    const [header, row] = (await bench.run('get', 'site')).split('\n')
    assert.match(header ?? '', /^NAME +REPLICAS +READY +AGE$/)
    assert.match(row ?? '', /^home +2 +2 +\S+$/)
    const text = await bench.run('get', 'configmap', 'home', '-o', 'jsonpath={.data.index\\.html}')
    assert.equal(text, '<h1>Hello</h1>')
  })

  it('follows changes of the website, and undoes those of what it made', async () => {
    await apply({ html: '<h1>Bye</h1>', replicas: 1 })
    await bench.run('wait', 'website/home', '--for=jsonpath={.status.ready}=1', '--timeout=120s')
    await bench.run('scale', 'deployment', 'home', '--replicas=5')
    await bench.run('delete', 'configmap', 'home')
    await eventually(async () => {
      assert.equal(await bench.run('get', 'deployment', 'home', '-o', 'jsonpath={.spec.replicas}'), '1')
      assert.equal(await bench.run('get', 'cm', 'home', '-o', 'jsonpath={.data.index\\.html}'), '<h1>Bye</h1>')
    })
  })

  it('has a schema that is checked and explained', async () => {
    const { code, stderr } = await apply({ html: '', replicas: 11 })
    assert.equal(code, 1)
    assert.match(stderr, /spec\.replicas: Invalid value: 11: .* less than or equal to 10/)
    assert.match((await apply({})).stderr, /spec\.html: Required value/)
    assert.match(await bench.run('explain', 'website.spec.html'), /What visitors see\./)
  })

  it('may do no more than it needs', async () => {
    const may = async (...args: string[]) =>
      (await bench.try(['auth', 'can-i', ...args, '--as=t8s:controller:website'])).stdout.trim()
    assert.deepEqual(
      await Promise.all([
        may('delete', 'deployments.apps'),
        may('update', 'websites.example.com', '--subresource=status'),
        may('delete', 'websites.example.com'),
        may('get', 'secrets'),
        may('create', 'pods'),
      ]),
      ['yes', 'yes', 'no', 'no', 'no'],
    )
  })

  it('leaves nothing behind', async () => {
    await bench.run('delete', 'website', 'home')
    await bench.run('wait', 'deployment/home', 'configmap/home', '--for=delete', '--timeout=120s')
  })
})

describe('a login', { timeout: 300_000 }, () => {
  let bench: ToolBench
  let folder: string
  let sign: (claims: { sub?: string; groups?: string[]; iss?: string; exp?: string }) => Promise<string>
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-login-'))
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    await writeFile(join(folder, 'company.pem'), await exportSPKI(publicKey))
    process.env['COMPANY_KEY'] = join(folder, 'company.pem')
    sign = ({ sub = 'jane', groups = [], iss = 'https://login.example.com', exp = '1h' }) =>
      new SignJWT({ groups })
        .setProtectedHeader({ alg: 'ES256' })
        .setSubject(sub)
        .setIssuer(iss)
        .setAudience('kubernetes')
        .setExpirationTime(exp)
        .sign(privateKey)
    bench = await benchWith('login')
    for (const group of ['developers', 'contractors'])
      await bench.run('create', 'clusterrolebinding', group, '--clusterrole=edit', `--group=company:${group}`)
  })
  after(async () => {
    delete process.env['COMPANY_KEY']
    await bench[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  /** Without the administrator's certificate, which would count first. */
  const as = async (token: string, ...args: string[]) => {
    const kubeconfig = join(folder, 'kubeconfig')
    const { server, ca } = bench.controlPlane.endpoint ?? {}
    await writeFile(join(folder, 'ca.pem'), ca ?? '')
    const flags = [`--server=${server}`, `--certificate-authority=${join(folder, 'ca.pem')}`, `--token=${token}`]
    return bench.try([...args, ...flags], { env: { KUBECONFIG: kubeconfig } })
  }

  it('knows the company’s people by their tokens', async () => {
    const { stdout } = await as(await sign({ groups: ['developers'] }), 'auth', 'whoami', '-o', 'json')
    const { username, groups } = JSON.parse(stdout).status.userInfo
    assert.equal(username, 'company:jane')
    assert.deepEqual(groups, ['company:developers', 'system:authenticated'])
  })

  it('gives them what their roles give', async () => {
    const token = await sign({ groups: ['developers'] })
    assert.equal((await as(token, 'create', 'configmap', 'a')).code, 0)
    assert.match((await as(token, 'get', 'nodes')).stderr, /User "company:jane" cannot list resource "nodes"/)
  })

  it('lets contractors look, not touch', async () => {
    const token = await sign({ sub: 'joe', groups: ['contractors'] })
    assert.equal((await as(token, 'get', 'configmaps')).code, 0)
    const { code, stderr } = await as(token, 'create', 'configmap', 'b')
    assert.equal(code, 1)
    assert.match(stderr, /User "company:joe" cannot create resource "configmaps".*: contractors may look, not touch/)
  })

  it('believes no other token', async () => {
    for (const token of [
      await sign({ iss: 'https://elsewhere.example.com' }),
      await sign({ exp: '-1h' }),
      `${(await sign({})).slice(0, -4)}AAAA`,
      'nonsense',
    ])
      assert.match((await as(token, 'get', 'pods')).stderr, /must be logged in|Unauthorized/)
  })

  it('is known to token reviews, and says in its answers who asked', async () => {
    const token = await sign({})
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const { stdout } = await bench.try(['create', '-f', '-', '-o', 'json'], {
      input: Buffer.from(JSON.stringify(review)),
    })
    assert.equal(JSON.parse(stdout).status.user.username, 'company:jane')
    const { server = '', ca } = bench.controlPlane.endpoint ?? {}
    await using transport = httpsTransport({ server, ca, token })
    const { headers } = await apiClient(transport.handle).request({ method: 'GET', path: '/version' })
    assert.equal(headers['x-company-user'], 'company:jane')
  })
})
