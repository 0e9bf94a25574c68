import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ContainerdConfigOptions, containerdConfig, parseContainerdVersion } from './containerd-config.js'

const options: ContainerdConfigOptions = {
  version: { major: 1, minor: 6, patch: 20 },
  root: '/var/lib/t8s/"quoted"',
  state: '/run/t8s',
  socket: '/run/t8s/containerd.sock',
  sandboxImage: 'typernetes.local/pause:1',
  cniBinDir: '/opt/cni/bin',
  cniConfDir: '/etc/t8s/net.d',
  snapshotter: 'overlayfs',
  restrictOomScoreAdj: true,
}

/** The lines below a table's header. */
const section = (text: string, header: string): string[] => {
  const lines = text.split('\n')
  const start = lines.indexOf(`[${header}]`)
  assert.ok(start >= 0, `no [${header}] in\n${text}`)
  const end = lines.findIndex((line, index) => index > start && line.startsWith('['))
  return lines.slice(start + 1, end < 0 ? undefined : end).filter(Boolean)
}

test('reads versions', () => {
  const cases = [
    ['containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3', [1, 6, 20]],
    ['containerd github.com/containerd/containerd/v2 2.1.9+unknown ', [2, 1, 9]],
    ['containerd containerd.io v1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da', [1, 7, 27]],
    ['containerd github.com/containerd/containerd/v2 v2.0.0-rc.1 abc', [2, 0, 0]],
  ] as const
  for (const [output, [major, minor, patch]] of cases) {
    assert.deepEqual(parseContainerdVersion(output), { major, minor, patch })
  }
  assert.throws(() => parseContainerdVersion('bash: containerd: not found'), /no containerd version/)
})

test('writes version 2 for 1.x', () => {
  const text = containerdConfig(options)
  assert.match(text, /^version = 2\nroot = "\/var\/lib\/t8s\/\\"quoted\\""\n/)
  const cri = section(text, 'plugins."io.containerd.grpc.v1.cri"')
  for (const line of [
    'restrict_oom_score_adj = true',
    'sandbox_image = "typernetes.local/pause:1"',
    'netns_mounts_under_state_dir = true',
    'stream_server_address = "127.0.0.1"',
    'stream_server_port = "0"',
  ]) {
    assert.ok(cri.includes(line), line)
  }
  assert.ok(section(text, 'plugins."io.containerd.grpc.v1.cri".cni').includes('bin_dir = "/opt/cni/bin"'))
  assert.ok(section(text, 'plugins."io.containerd.grpc.v1.cri".containerd').includes('snapshotter = "overlayfs"'))
  assert.deepEqual(section(text, 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options'), [
    'Root = "/run/t8s/runc"',
    'SystemdCgroup = false',
  ])
  assert.doesNotMatch(text, /config_path|\[cgroup\]/)
})

test('writes version 3 for 2.x', () => {
  const text = containerdConfig({
    ...options,
    version: { major: 2, minor: 1, patch: 0 },
    registryConfigDir: '/etc/t8s/certs.d',
  })
  assert.match(text, /^version = 3\n/)
  assert.ok(
    section(text, 'plugins."io.containerd.cri.v1.images".pinned_images').includes(
      'sandbox = "typernetes.local/pause:1"',
    ),
  )
  assert.ok(
    section(text, 'plugins."io.containerd.cri.v1.images".registry').includes('config_path = "/etc/t8s/certs.d"'),
  )
  assert.ok(section(text, 'plugins."io.containerd.cri.v1.runtime".cni').includes('bin_dirs = ["/opt/cni/bin"]'))
  assert.ok(section(text, 'plugins."io.containerd.cri.v1.runtime"').includes('restrict_oom_score_adj = true'))
  const first = containerdConfig({ ...options, version: { major: 2, minor: 0, patch: 5 } })
  assert.ok(section(first, 'plugins."io.containerd.cri.v1.runtime".cni').includes('bin_dir = "/opt/cni/bin"'))
})

test('cgroups, handlers and the snapshotter show', () => {
  const text = containerdConfig({
    ...options,
    snapshotter: 'native',
    handlers: ['test-handler'],
    cgroups: { daemon: '/t8s/containerd', shims: '/t8s/shims', systemd: true },
  })
  assert.deepEqual(section(text, 'cgroup'), ['path = "/t8s/containerd"'])
  assert.deepEqual(section(text, 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.test-handler.options'), [
    'Root = "/run/t8s/runc"',
    'SystemdCgroup = true',
    'ShimCgroup = "/t8s/shims"',
  ])
  assert.match(text, /^disabled_plugins = .*snapshotter\.v1\.overlayfs/m)
  assert.doesNotMatch(text, /^disabled_plugins = .*snapshotter\.v1\.native/m)
})
