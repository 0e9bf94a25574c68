import type { WriteContext } from './write.js'

/** What the server writes in its own name. */
export const serverWriter: WriteContext = {
  user: { name: 'system:apiserver', uid: '', groups: ['system:masters'], extra: {} },
  fieldManager: 'kube-apiserver',
  dryRun: false,
  warn: () => {},
}
