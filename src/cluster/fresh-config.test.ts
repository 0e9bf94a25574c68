import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { it } from 'node:test'
import { type ClusterConfig, defaultConfig } from './cluster-config.js'
import { freshConfig, knownConfigs } from './fresh-config.js'

const places = ({ apiPort, kubeletPort, dnsPort, serviceCidr, dnsAddress, podCidr, nodeCidr }: ClusterConfig) =>
  [apiPort, kubeletPort, dnsPort, serviceCidr, dnsAddress, podCidr, nodeCidr].join(' ')

const first = defaultConfig('first')
const second = freshConfig('second', [first])

for (const [what, others, expected] of [
  ['the usual', [], '6443 10250 10053 10.96.0.0/16 10.96.0.10 10.244.0.0/16 10.89.0.0/24'],
  ['the next of all', [first], '6444 10350 10054 10.97.0.0/16 10.97.0.10 10.243.0.0/16 10.89.1.0/24'],
  ['what is left by another that is gone', [second], places(first)],
  ['none that two others have', [first, second], '6445 10450 10055 10.98.0.0/16 10.98.0.10 10.242.0.0/16 10.89.2.0/24'],
  [
    'the next if only a network overlaps',
    [{ ...first, apiPort: 1, kubeletPort: 2, dnsPort: 3, podCidr: '10.0.0.0/9', nodeCidr: '10.200.0.0/24' }],
    places(second),
  ],
] as const)
  it(`gives a new cluster ${what}`, () => assert.equal(places(freshConfig('new', others)), expected))

it('knows of other clusters, and warns of those whose configuration is damaged', async () => {
  const root = await mkdtemp(join(tmpdir(), 't8s-fresh-'))
  try {
    const write = async (name: string, text: string) => {
      const file = join(root, 'lib', name, 'cluster.json')
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
    await write('well', JSON.stringify({ ...defaultConfig('well'), apiPort: 7 }))
    await write('cut', '{"apiPort": 64')
    await write('list', '[]')
    await write('wrong', '{"kubeletPort": "10250"}')
    await write('astray', '{"podCidr": "10.0.0.0/99"}')
    await mkdir(join(root, 'lib/empty'))
    const warnings: string[] = []
    const known = await knownConfigs(root, text => warnings.push(text.replaceAll(root, '')))
    assert.deepEqual(
      known.map(({ name, apiPort }) => [name, apiPort]),
      [['well', 7]],
    )
    const end = (name: string) =>
      `. Another cluster may get the same ports and addresses. Repair it, or remove the cluster with \`t8s delete --name ${name}\`.`
    const [astray, cut, list, wrong] = warnings.sort()
    assert.match(cut ?? '', /^\/lib\/cut\/cluster\.json is damaged: /)
    assert.deepEqual(
      [astray, list, wrong],
      [
        `/lib/astray/cluster.json is damaged: podCidr is "10.0.0.0/99", which is no network${end('astray')}`,
        `/lib/list/cluster.json is damaged: it holds no object${end('list')}`,
        `/lib/wrong/cluster.json is damaged: kubeletPort is "10250", and must be a number${end('wrong')}`,
      ],
    )
  } finally {
    await rm(root, { recursive: true })
  }
})
