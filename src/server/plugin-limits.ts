/**
 * How far a plugin is trusted. Kept for plugins that come with a configuration (`t8s.config.ts`); what the server comes
 * with itself runs without limits.
 */
export interface PluginLimits {
  /** How long one call may take, in ms; 5,000 by default, 30,000 at most. */
  readonly timeoutMs?: number
  /**
   * What becomes of a request when the plugin fails: throws what is no `StatusError`, answers nonsense, takes too long.
   * `Fail`, the default, fails the request; `Ignore` goes on as if the plugin were not there.
   */
  readonly failurePolicy?: 'Fail' | 'Ignore'
}
