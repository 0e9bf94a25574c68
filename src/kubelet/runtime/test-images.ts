import { execFile } from 'node:child_process'
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { testFolder } from '../../machinery/test-folder.js'
import type { CriClient } from './cri-client.js'
import { type ImageRecipe, type LayerEntry, writeImageArchive } from './image-archive.js'
import { type ImageTarget, loadImage } from './images.js'
import { programEntries } from './program-files.js'

/**
 * Images for tests, made of programs of this machine, as there may be no registry. Each function throws if its
 * program is not installed.
 */
export const testImages = {
  /** busybox with all its applets; runs a shell. */
  async busybox(name = 'busybox:test'): Promise<ImageRecipe> {
    const program = await firstOf(['/bin/busybox', '/usr/bin/busybox'])
    const { stdout } = await promisify(execFile)(program, ['--list'])
    const applets = stdout.split('\n').filter(applet => applet && applet !== 'busybox')
    return {
      name,
      layers: [
        [
          ...(await programEntries(program, '/bin/busybox')),
          ...applets.map(applet => ({ path: `/bin/${applet}`, source: { link: 'busybox' } })),
          ...system,
        ],
      ],
      env: { PATH: '/bin' },
      cmd: ['sh'],
    }
  },

  /** This Node.js; answers HTTP on port 8080 (or `PORT`) with its host name. */
  async nodeWeb(name = 'node-web:test'): Promise<ImageRecipe> {
    return {
      name,
      layers: [
        [...(await programEntries(process.execPath, '/usr/bin/node')), ...system],
        [{ path: '/app/server.js', source: { content: webServer } }],
      ],
      entrypoint: ['/usr/bin/node', '/app/server.js'],
      ports: ['8080/tcp'],
      workingDir: '/app',
    }
  },

  /** nginx with a page at `/` on port 80. */
  async nginx(name = 'nginx:test'): Promise<ImageRecipe> {
    const folders = ['/var/log/nginx', '/var/lib/nginx', '/run']
    return {
      name,
      layers: [
        [
          ...(await programEntries(await firstOf(['/usr/sbin/nginx', '/usr/bin/nginx']), '/usr/sbin/nginx')),
          ...system,
          ...folders.map(path => ({ path, source: 'folder' as const, mode: 0o777 })),
          { path: '/etc/nginx/nginx.conf', source: { content: nginxConfig } },
          { path: '/usr/share/nginx/html/index.html', source: { content: nginxPage } },
        ],
      ],
      entrypoint: ['/usr/sbin/nginx', '-c', '/etc/nginx/nginx.conf', '-e', '/dev/stderr'],
      ports: ['80/tcp'],
      stopSignal: 'SIGQUIT',
    }
  },
}

/** Makes an image of a recipe and loads it. Returns its full name. */
export async function loadTestImage(
  recipe: ImageRecipe,
  target: ImageTarget,
  cri: Pick<CriClient, 'imageStatus'>,
): Promise<string> {
  const folder = testFolder()
  try {
    const archive = join(folder, 'image.tar')
    await writeImageArchive(archive, recipe)
    const [name = recipe.name] = await loadImage(archive, target, cri)
    return name
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What programs expect of any system. */
const system: readonly LayerEntry[] = [
  {
    path: '/etc/passwd',
    source: { content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' },
  },
  { path: '/etc/group', source: { content: 'root:x:0:\nnogroup:x:65534:\n' } },
  { path: '/etc/nsswitch.conf', source: { content: 'hosts: files dns\n' } },
  { path: '/root', source: 'folder', mode: 0o700 },
  { path: '/tmp', source: 'folder', mode: 0o1777 },
]

const webServer = `
const server = require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'text/plain')
  response.end(require('node:os').hostname() + '\\n')
})
server.listen(Number(process.env.PORT || 8080), () => console.log('listening on', server.address().port))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
`

const nginxConfig = `
daemon off;
worker_processes 1;
user nobody nogroup;
pid /run/nginx.pid;
error_log /dev/stderr;
events { worker_connections 256; }
http {
  access_log /dev/stdout;
  default_type text/html;
  server {
    listen 80 default_server;
    root /usr/share/nginx/html;
  }
}
`

const nginxPage = '<!DOCTYPE html>\n<title>Welcome to nginx!</title>\n<h1>Welcome to nginx!</h1>\n'

async function firstOf(programs: readonly string[]): Promise<string> {
  for (const program of programs) {
    const found = await access(program).then(
      () => true,
      () => false,
    )
    if (found) return program
  }
  throw new Error(`not installed: ${programs.join(', ')}`)
}
