import type { Informer } from '../client/informer.js'
import type { ApiObject } from '../machinery/object.js'

/** Tells a listener of every change from now on. Dispose of what is returned to end it. */
export function listenTo<T extends ApiObject>(
  sources: readonly Pick<Informer<T>, 'onChange'>[],
  listener: () => void,
): Disposable {
  // What is there already is no news.
  let begun = false
  const handlers = sources.map(source =>
    source.onChange(() => {
      if (begun) listener()
    }),
  )
  begun = true
  return {
    [Symbol.dispose]() {
      for (const handler of handlers) handler[Symbol.dispose]()
    },
  }
}
