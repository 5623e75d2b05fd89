//! Every bound of the feature table and every value of the token and volume tables (semantics
//! EFF-07, EFF-03, EFF-UNS), written down once more.

use ringfort_isolation::features::{Stage, stage};
use ringfort_isolation::{Audience, Effect, LowLevelRuntime, NodeFacts, user_namespace_with};
use ringfort_model::record::Node;
use ringfort_model::{KubeVersion, PodSpec, Str};

const NEVER: u32 = 1000;

#[test]
fn features_change_stage_at_each_of_their_bounds() {
    for (gate, exists, on, locked) in [
        ("UserNamespacesSupport", 25, 33, 36),
        ("UserNamespacesHostNetworkSupport", 35, NEVER, NEVER),
        ("ProcMountType", 12, 33, 36),
        ("ImageVolume", 31, 35, 36),
        ("KubeletEnsureSecretPulledImages", 33, 35, NEVER),
        ("KubeletServiceAccountTokenForCredentialProviders", 33, 34, NEVER),
        ("PodCertificateRequest", 34, NEVER, NEVER),
        ("DRAAdminAccess", 32, 34, 36),
        ("AnonymousAuthConfigurableEndpoints", 31, 32, 34),
        ("ServiceAccountTokenNodeBinding", 29, 31, 33),
        ("ServiceAccountTokenJTI", 29, 30, 32),
        ("BoundServiceAccountTokenVolume", 13, 21, 22),
        ("SeccompDefault", 22, 25, 27),
        ("AppArmorFields", 30, 30, 31),
        ("SidecarContainers", 28, 29, 33),
        ("EphemeralContainers", 16, 23, 25),
    ] {
        for minor in 0..60 {
            let want = match minor {
                minor if minor >= locked => Stage::Locked,
                minor if minor >= on => Stage::OnByDefault,
                minor if minor >= exists => Stage::OffByDefault,
                _ => Stage::Absent,
            };
            assert_eq!(stage(gate, minor), want, "{gate} at 1.{minor}");
        }
    }
}

#[test]
fn audiences_of_the_api_server() {
    for (text, own) in [
        ("", true),
        ("https://kubernetes.default.svc", true),
        ("https://kubernetes.default.svc.cluster.local", true),
        ("https://container.googleapis.com/v1/projects/p/locations/l/clusters/c", true),
        ("https://kubernetes.default.svc/", false),
        ("https://container.googleapis.com.evil", false),
        ("vault", false),
    ] {
        assert_eq!(Audience::of(&Str::new(text)) == Audience::Api, own, "{text}");
    }
}

#[test]
fn volumes_of_the_kubelet_and_the_first_runtime_that_serves() {
    let judge = |runtime: &str, volume: &str| {
        let node: Node = serde_json::from_value(serde_json::json!({"metadata": {"name": "n"},
            "status": {"nodeInfo": {"kernelVersion": "6.8.0", "containerRuntimeVersion": runtime,
                "kubeletVersion": "v1.36.0"}}}))
        .expect("a node");
        let spec: PodSpec = serde_json::from_value(
            serde_json::json!({"hostUsers": false, "volumes": [{"name": "v", volume: {}}]}),
        )
        .expect("a specification");
        let low = LowLevelRuntime { name: "crun".to_owned(), version: "1.9".to_owned() };
        let facts = NodeFacts { low_level_runtime: Some(low), ..NodeFacts::default() };
        user_namespace_with(&spec, &node, Some(KubeVersion::minor(36)), &facts).effect
    };
    for volume in ["configMap", "downwardAPI", "emptyDir", "projected", "secret"] {
        assert_eq!(judge("cri-o://1.25.0", volume), Effect::Effective, "{volume}");
    }
    assert!(matches!(judge("cri-o://1.25.0", "nfs"), Effect::Unknown(_)));
    assert!(matches!(judge("cri-o://1.24.9", "secret"), Effect::PresentNotEffective(_)));
}

#[test]
fn vendor_kernels_other_runtimes_and_what_is_known_of_volumes() {
    let judge = |kernel: &str, runtime: &str, volume: &str, map: Option<bool>| {
        let node: Node = serde_json::from_value(serde_json::json!({"metadata": {"name": "n"},
            "status": {"nodeInfo": {"kernelVersion": kernel, "containerRuntimeVersion": runtime,
                "kubeletVersion": "v1.36.0"}}}))
        .expect("a node");
        let spec: PodSpec = serde_json::from_value(
            serde_json::json!({"hostUsers": false, "volumes": [{"name": "v", volume: {}}]}),
        )
        .expect("a specification");
        let low = LowLevelRuntime { name: "runc".to_owned(), version: "1.2.0".to_owned() };
        let facts = NodeFacts {
            low_level_runtime: Some(low),
            volumes_map_ids: map,
            ..NodeFacts::default()
        };
        user_namespace_with(&spec, &node, Some(KubeVersion::minor(36)), &facts).effect
    };
    let new = "containerd://2.0.0";
    for kernel in ["4.18.0-553.el8_10.x86_64", "5.14.0-570.el9.x86_64", "6.2.0-55.el10.x86_64"] {
        assert!(matches!(judge(kernel, new, "secret", None), Effect::Unknown(_)), "{kernel}");
    }
    for (kernel, runtime) in [
        ("5.15.0-1051-azure", new),
        ("6.8.0", "docker://29.0.0"),
        ("6.8.0", "containerd://1.7.27"),
        ("6.8.0", "containerd://1.6.36"),
    ] {
        let found = judge(kernel, runtime, "secret", None);
        assert!(matches!(found, Effect::PresentNotEffective(_)), "{kernel} {runtime}");
    }
    assert!(matches!(judge("6.8.0", "other://9.0", "secret", None), Effect::Unknown(_)));
    assert_eq!(judge("6.8.0", new, "nfs", Some(true)), Effect::Effective);
    assert!(matches!(judge("6.8.0", new, "secret", Some(false)), Effect::PresentNotEffective(_)));
    assert!(matches!(judge("6.8.0", new, "nfs", None), Effect::Unknown(_)));
}

#[test]
fn volumes_of_git_repositories_end_at_their_bounds() {
    use ringfort_isolation::features::makes_git_repositories;
    for (minor, want) in
        [(0, Some(true)), (32, Some(true)), (33, None), (35, None), (36, Some(false))]
    {
        assert_eq!(makes_git_repositories(minor), want, "1.{minor}");
    }
}
