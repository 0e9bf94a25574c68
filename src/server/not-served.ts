import { StatusError } from '../machinery/status-error.js'
import type { Stage } from './pipeline.js'
import type { Registries } from './registry/registries.js'
import { text } from './respond.js'

/** What answers when nothing else does: a Status below the groups that are served, plain text everywhere else. */
export const notServed =
  (registries: Registries): Stage =>
  async ({ info: { path } }) => {
    const [, root, group] = path.split('/')
    const known =
      (root === 'api' && group !== undefined) ||
      (root === 'apis' &&
        registries
          .all()
          .some(({ name, resource }) => name.group === group && !resource.kind.decoder && path.includes('/', 6)))
    if (!known) return text(404, '404 page not found\n')
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
  }
