//! What each vector is about, for a reader: what an outsider needs, and what they then hold.

const WHAT: &[(&str, &str)] = &[
    (
        "V1",
        "The API server lets requests without a credential through, and a grant to \
         system:anonymous or system:unauthenticated gives more than versions and health. Whoever \
         reaches the server holds that grant. The bindings that every cluster comes with are not \
         a way in.",
    ),
    (
        "V2",
        "Anybody can get an account that the API server accepts (a public sign-up, an issuer \
         without a restriction), and a grant to system:authenticated gives more than discovery. \
         Whoever has such an account holds that grant.",
    ),
    (
        "V3",
        "A kubeconfig, token or certificate that works by itself lies where others read it. \
         Whoever reads it is that identity.",
    ),
    (
        "V4",
        "A kubelet can be reached and lets callers in without asking who they are or what they \
         may do. Whoever reaches it runs commands in every container of the node, or reads the \
         list of its pods.",
    ),
    (
        "V5",
        "A management interface can be reached and its login is weak or missing. Whoever opens it \
         acts with what the interface may do in the cluster.",
    ),
    (
        "V6",
        "kubectl proxy listens on more than the loopback. Whoever reaches it acts as the identity \
         behind it, without a credential.",
    ),
    (
        "V7",
        "An application can be reached from outside, directly or through another, and can be made \
         to run code. Whoever does so holds its container. Whether it has such a flaw is not in \
         the API; without a scan it is unknown.",
    ),
    (
        "V8",
        "A port on a node's own address (NodePort, hostPort, host network) leads to a pod past \
         the load balancer. Whoever reaches the node reaches it. Firewalls are not in the API.",
    ),
    (
        "V9",
        "The cluster runs an image that somebody else can change: a tag that moves, a registry \
         that others write. Whoever changes it holds every container that starts from it.",
    ),
    (
        "V10",
        "A product runs what its callers hand in: notebooks, workflows, jobs of a pipeline, \
         functions. Whoever may call it holds a container, without any flaw.",
    ),
    (
        "V11",
        "An identity of the cloud account maps to one of the cluster, or controls its nodes, disks \
         or registry. Whoever holds it holds those. The mappings are partly outside of the API.",
    ),
    (
        "V12",
        "What is deployed comes from a repository or pipeline that an outsider can write, or whose \
         runner they can take. Whoever does so acts as what deploys.",
    ),
    (
        "V13",
        "A node's kernel or container runtime has a flaw that a container can use as it starts. \
         Whoever can start one, or choose its image, holds the node.",
    ),
];

/// What a vector is about, by its id.
#[must_use]
pub fn what(id: &str) -> Option<&'static str> {
    WHAT.iter().find(|(known, _)| *known == id).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_vector_is_explained() {
        for id in crate::vectors::ids() {
            assert!(super::what(id).is_some_and(|what| what.len() > 100), "{id}");
        }
    }
}
