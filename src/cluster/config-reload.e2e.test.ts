import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually, TestCluster } from './test-cluster.js'

const policy = (why: string) => `
  import { admission, defineConfig, refusal } from 'typernetes'
  import { ConfigMap } from 'typernetes/api'
  export default defineConfig({
    admission: [
      admission({
        name: 'no-config-maps',
        match: { resources: [ConfigMap], namespaces: ['default'], operations: ['CREATE'] },
        validate(request) {
          if (request.name !== 'kube-root-ca.crt') throw refusal(request, ${JSON.stringify(why)})
        },
      }),
    ],
  })`

const unacceptable = `
  import { customResource, defineConfig } from 'typernetes'
  export default defineConfig({
    resources: [customResource({ group: 'No_Group', version: 'v1', kind: 'Thing', spec: {} })],
  })`

describe('a cluster with a configuration', { timeout: 540_000 }, () => {
  let cluster: TestCluster
  let file: string
  before(async () => {
    cluster = await TestCluster.prepare()
    file = join(cluster.folder, 't8s.config.ts')
  })
  after(() => cluster[Symbol.asyncDispose]())

  const configure = async (text: string, ...flags: readonly string[]) => {
    await writeFile(file, text)
    return cluster.tryT8s('up', ...cluster.upFlags, ...flags)
  }
  /** Why no ConfigMap can be made; undefined if one can. */
  const refusal = async (): Promise<string | undefined> => {
    const { code, stderr } = await cluster.tryKubectl(['create', 'configmap', 'a', '--dry-run=server'])
    return code === 0 ? undefined : stderr
  }
  const pidOf = async (name: string) =>
    new RegExp(`${name} +running, pid (\\d+)`).exec((await cluster.tryT8s('status')).output)?.[1]

  it('is not made with one that cannot be used', async () => {
    const { code, output } = await configure('export default {\n  hooks: 5,\n}', '--config', file)
    assert.equal(code, 1)
    assert.match(output, /t8s\.config\.ts: hooks must be a list, not 5\nNothing has been changed/)
    assert.match(await cluster.tryT8s('status').then(({ output }) => output), /There is no cluster/)
  })

  it('does what it says', async () => {
    const { code, output } = await configure(policy('none today'), '--config', file)
    assert.equal(code, 0, output)
    assert.match((await refusal()) ?? '', /configmaps "a" is forbidden: none today/)
  })

  it('takes on a changed one by starting the control plane anew, and nothing else', async () => {
    const [controlPlane, node] = await Promise.all([pidOf('control-plane'), pidOf('node')])
    assert.ok(controlPlane && node)
    const same = await configure(policy('none today'))
    assert.equal(same.code, 0, same.output)
    assert.equal(await pidOf('control-plane'), controlPlane)
    const changed = await configure(policy('none tomorrow'))
    assert.equal(changed.code, 0, changed.output)
    assert.notEqual(await pidOf('control-plane'), controlPlane)
    assert.equal(await pidOf('node'), node)
    assert.match((await refusal()) ?? '', /none tomorrow/)
  })

  for (const [what, text, message] of [
    [
      'cannot be read',
      `${policy('never')}\noops(`,
      /t8s\.config\.ts:\d+:\d+: Unexpected token\nNothing has been changed/,
    ],
    [
      'the API server would not accept',
      unacceptable,
      /resources\[0\] \(things\.No_Group\): spec\.group: Invalid value: "No_Group": [\s\S]*Nothing has been/,
    ],
  ] as const)
    it(`goes on as it is when the file becomes one that ${what}`, async () => {
      const controlPlane = await pidOf('control-plane')
      const { code, output } = await configure(text)
      assert.equal(code, 1)
      assert.match(output, message)
      assert.equal(await pidOf('control-plane'), controlPlane)
      assert.match((await refusal()) ?? '', /none tomorrow/)
    })

  it('keeps it after a crash', async () => {
    await writeFile(file, policy('none tomorrow'))
    const controlPlane = await pidOf('control-plane')
    process.kill(Number(controlPlane), 'SIGKILL')
    await eventually('the policy', async () => /none tomorrow/.test((await refusal()) ?? ''))
    assert.notEqual(await pidOf('control-plane'), controlPlane)
  })

  it('does without it again', async () => {
    const { code, output } = await configure(policy('never'), '--no-config')
    assert.equal(code, 0, output)
    assert.equal(await refusal(), undefined)
  })
})
