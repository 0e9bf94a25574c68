import type { Command } from 'commander'

/** The flags of `t8s apiserver` about what users may do, as the command line has them. */
export interface AuthorizationFlags {
  readonly authorizationMode?: string
  readonly authorizationConfig?: string
  readonly authorizationWebhookConfigFile?: string
  readonly authorizationWebhookCacheAuthorizedTtl: string
  readonly authorizationWebhookCacheUnauthorizedTtl: string
}

/** Adds the flags, with upstream's names. */
export function addAuthorizationFlags(command: Command): Command {
  return command
    .option(
      '--authorization-mode <modes>',
      'who decides what a user may do, in this order: Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny (default: Node,RBAC)',
    )
    .option('--authorization-config <file>', 'AuthorizationConfiguration, in place of the other flags')
    .option('--authorization-webhook-config-file <file>', 'kubeconfig of the webhook that decides')
    .option('--authorization-webhook-cache-authorized-ttl <duration>', 'how long its permissions count', '5m')
    .option('--authorization-webhook-cache-unauthorized-ttl <duration>', 'how long its refusals count', '30s')
}
