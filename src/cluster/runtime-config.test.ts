import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resources } from '../api/resources.js'
import { parseRuntimeConfig, servedResources } from './runtime-config.js'

const versionsOf = (text: string): Set<string> =>
  new Set(
    servedResources(resources, parseRuntimeConfig(text)).map(({ kind: { gvk } }) => `${gvk.group}/${gvk.version}`),
  )
const all = new Set(resources.map(({ kind: { gvk } }) => `${gvk.group}/${gvk.version}`))
const beta = 'storagemigration.k8s.io/v1beta1'

describe('the runtime configuration', () => {
  it('serves stable versions, and others when they are asked for', () => {
    const stable = versionsOf('')
    assert.deepEqual(
      [...all].filter(name => !stable.has(name)),
      [beta],
    )
    for (const [text, served] of [
      [`${beta}=true`, true],
      [beta, true],
      [` ${beta} = 1 ,`, true],
      [`${beta}=true,${beta}=false`, false],
      ['api/beta=true', true],
      ['api/alpha=true', false],
      ['api/all=true', true],
      ['api/all=true,api/beta=false', false],
      ['api/all=false,api/beta=true', true],
      [`api/beta=false,${beta}=true`, true],
      [`${beta}/storageversionmigrations=true`, true],
      [`${beta}=true,${beta}/storageversionmigrations=f`, false],
    ] as const)
      assert.equal(versionsOf(text).has(beta), served, text)
  })

  it('turns off what is named, and leaves the rest', () => {
    for (const [text, off] of [
      ['batch/v1=false', ['batch/v1']],
      ['/v1=false,autoscaling/v1=0', ['/v1', 'autoscaling/v1']],
      ['api/ga=false,apps/v1=true', [...versionsOf('')].filter(name => name !== 'apps/v1')],
    ] as const) {
      const served = versionsOf(text)
      assert.deepEqual([...versionsOf('')].filter(name => !served.has(name)).sort(), [...off].sort(), text)
    }
    const left = servedResources(resources, parseRuntimeConfig('batch/v1/cronjobs=false'))
      .filter(({ kind }) => kind.gvk.group === 'batch')
      .map(({ kind }) => kind.plural)
    assert.deepEqual(left, ['jobs'])
    const alone = servedResources(resources, parseRuntimeConfig('api/all=false,batch/v1/cronjobs=true'))
    assert.deepEqual(
      alone.map(({ kind }) => kind.plural),
      ['cronjobs'],
    )
  })

  it('says what is wrong as upstream does', () => {
    for (const [text, message] of [
      ['v1=false', 'runtime-config invalid key v1'],
      ['apps=true', 'runtime-config invalid key apps'],
      ['apps/=true', 'runtime-config invalid key apps/'],
      ['a/b/c/d=true', 'runtime-config invalid key a/b/c/d'],
      ['api/all=false', 'invalid key with only api/all=false'],
      ['api/all', 'invalid value api/all='],
      ['api/beta=1', 'invalid value api/beta=1'],
      ['apps/v1=yes', 'invalid value of apps/v1: yes, err: strconv.ParseBool: parsing "yes": invalid syntax'],
      ['nobody.io/v1=true,none/v2=true', 'unknown api groups nobody.io,none'],
      ['metrics.k8s.io/v1beta1=true', 'unknown api groups metrics.k8s.io'],
      ['apps/v1beta1=true', 'group version apps/v1beta1 that has not been registered'],
      ['/v2=true', 'group version v2 that has not been registered'],
      [
        'apps/v1/Deployments=true',
        'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"',
      ],
      ['apps/v1/deployment=true', 'invalid key apps/v1/deployment: apps/v1 has no such resource'],
    ] as const)
      assert.throws(() => versionsOf(text), { message }, text)
  })
})
