import type { PluginFactory, SchedulerPlugin } from '../scheduler/framework.js'

/** Scheduler plugins as profiles are given them: one for all profiles, made already. */
export const pluginFactories = (plugins: readonly SchedulerPlugin[]): { readonly [name: string]: PluginFactory } =>
  Object.fromEntries(plugins.map(plugin => [plugin.name, () => plugin]))
