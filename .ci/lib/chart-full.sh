# shellcheck shell=bash
# shellcheck disable=SC2154,SC2317 # .ci/chart sets work and CHART, and its check calls what it is given
# What .ci/chart does at night besides: the other major version of Helm, the API server's own rules without a server,
# an outsider's opinion, and a registry to publish to.

# documents sorts what helm rendered: the order of objects of one kind is each version's own.
documents() { sed -z 's/\n---\n/\x00/g; s/^---\n//' | sed -z 's/[[:space:]]*$//' | sort -z; }

# A helm that was built from its module alone does not know what Kubernetes it is for, and has to be told.
same_in_helm3() {
  render "$1" --kube-version "$KUBERNETES" | documents >"$work/helm4" &&
    "$TOOLS/helm3/helm" template cg "$CHART" --namespace chat --kube-version "$KUBERNETES" --values "$1" |
    documents >"$work/helm3" &&
    cmp "$work/helm4" "$work/helm3"
}

# What CEL rules say, and what the server would prune, of the oldest Kubernetes, which kubectl-validate knows by itself, and
# the newest. An ExternalSecret is the operator's.
keeps_the_rules() {
  render "$1" --set-json 'extraObjects=[]' --kube-version "$KUBERNETES_OLDEST" >"$work/oldest.yaml" &&
    render "$1" --set-json 'extraObjects=[]' --kube-version "$KUBERNETES" >"$work/newest.yaml" &&
    kubectl-validate --version "$(cut -d. -f1,2 <<<"${KUBERNETES_OLDEST#v}")" \
      --local-crds "$TOOLS/definitions/custom" "$work/oldest.yaml" &&
    kubectl-validate --local-schemas "$TOOLS/definitions/$KUBERNETES" \
      --local-crds "$TOOLS/definitions/custom" "$work/newest.yaml"
}

# kube-score would have it otherwise in these, and why we leave it so:
#   CPU limits                  would throttle everybody's sign-ins (values.yaml says so)
#   container-ephemeral-storage the root file system is read-only, and nothing is written
#   container-image-pull-policy tags of releases do not move, and a digest can be given
#   pod-networkpolicy           is off by default: whether it does anything is the cluster's business; never for helm test
#   deployment-has-host-podantiaffinity  topologySpreadConstraints do it
# and of the trial's Valkey:
#   container-security-context-user-group-id  999 is its image's own user
#   statefulset-has-servicename the one Service it has serves for that too
#   pod-probes-identical        a Valkey that does not answer is of no use, ready or not
#   deployment-replicas         a trial has one
scores() {
  render "$1" --set-json 'extraObjects=[]' |
    kube-score score --kubernetes-version v1.33 --exit-one-on-warning --ignore-container-cpu-limit \
      --ignore-test container-ephemeral-storage-request-and-limit --ignore-test container-image-pull-policy \
      --ignore-test pod-networkpolicy --ignore-test deployment-has-host-podantiaffinity "${@:2}" -
}

of_a_trial() {
  scores "$1" --ignore-test container-security-context-user-group-id --ignore-test statefulset-has-servicename \
    --ignore-test pod-probes-identical --ignore-test deployment-replicas
}

# A chart that was pushed to a registry is there, and comes back as it was.
publishes() {
  local version registry status=0
  version=$(sed -n 's/^version: //p' "$CHART/Chart.yaml")
  crane registry serve --address 127.0.0.1:0 >"$work/registry" 2>&1 &
  registry=$!
  published "$version" "$registry" || status=$?
  kill "$registry"
  wait "$registry" || true
  return "$status"
}

published() {
  local version=$1 registry=$2 address
  until grep -q 'serving on port' "$work/registry"; do
    kill -0 "$registry" || return
    sleep 0.1
  done
  address=127.0.0.1:$(sed -nE 's/.*serving on port ([0-9]+)$/\1/p' "$work/registry")
  mkdir -p "$work/pushed" "$work/pulled" &&
    helm package "$CHART" --destination "$work/pushed" &&
    helm push "$work/pushed/chatgate-$version.tgz" "oci://$address/charts" --plain-http &&
    helm show chart "oci://$address/charts/chatgate" --version "$version" --plain-http | grep -x "version: $version" &&
    helm pull "oci://$address/charts/chatgate" --version "$version" --plain-http --destination "$work/pulled" &&
    cmp "$work/pushed/chatgate-$version.tgz" "$work/pulled/chatgate-$version.tgz"
}

check_fully() {
  local values name opinion
  for values in "$CHART"/ci/*-values.yaml; do
    name=$(basename "$values" -values.yaml)
    opinion=scores
    if [[ $name == valkey ]]; then opinion=of_a_trial; fi
    check "$name: Helm 3 lint" "$TOOLS/helm3/helm" lint --strict "$CHART" --kube-version "$KUBERNETES" --values "$values"
    check "$name: Helm 3 renders the same objects" same_in_helm3 "$values"
    check "$name: kubectl-validate" keeps_the_rules "$values"
    check "$name: kube-score" "$opinion" "$values"
  done
  check 'the chart can be published and pulled' publishes
}
