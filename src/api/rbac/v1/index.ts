export * from './cluster-role.js'
export * from './policy-rule.js'
export * from './role.js'
export * from './role-binding.js'
