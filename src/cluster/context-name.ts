/** The name of a cluster's context, cluster and user in a kubeconfig. */
export const contextName = (cluster: string): string => (cluster === 'typernetes' ? cluster : `typernetes-${cluster}`)
