import { quote } from "./quote";

/** A Compose service on a host. */
export interface ComposeService {
  /** `docker`, `podman`, or either behind `sudo -n`. */
  readonly runtime: string;
  /** Directory of the Compose file. */
  readonly directory: string;
  readonly service: string;
}

/** Exit code of these scripts where they say themselves, on stderr, what is wrong and what to do next. */
export const TOLD = 3;

/**
 * The beginning of a POSIX shell script about one Compose service: enters its directory, checks that the runtime and
 * Compose answer, and sets `ids` to the service's containers in the project of that directory; those of `compose run` are
 * left out. Where there is none, the script ends and says why. Nothing is changed.
 *
 * It goes by the ids that Compose gives for the whole project and by Compose's labels, as Docker Compose and
 * podman-compose have no options in common that would name a service's containers.
 */
export function findScript({ runtime, directory, service }: ComposeService): string {
  const set = (key: string, value: string) => `npx pulumi config set ${key} ${value}`;
  const label = (name: string) => `{{index .Config.Labels "com.docker.compose.${name}"}}`;
  return `directory=${quote(directory)} service=${quote(service)}
tell() { printf '%s\\n' "$@" >&2; }
refuse() { tell "$@"; exit ${TOLD}; }
escape=$(printf '\\033')
# What a command said, without podman's notice of the Compose that it calls, and without colours.
plain() { printf '%s\\n' "$1" | sed -e "s/$escape\\[[0-9;]*[A-Za-z]//g" -e '/Executing external compose provider/d' -e '/^ *$/d'; }
said=$(${runtime} ps -q 2>&1) || { code=$?; plain "$said" >&2; [ $code -ne ${TOLD} ] || code=1; exit $code; }
elsewhere() {
  others=$(${runtime} ps -aq --filter label=com.docker.compose.service="$service" 2>/dev/null)
  [ -n "$others" ] || return 1
  ${runtime} inspect --type container --format '{{.Name}} ${label("oneoff")}|${label("project")}|${label("project.working_dir")}' $others |
    grep -v ' True|' | sed -e 's/^\\///' -e 's/ [A-Za-z]*|/|/' | grep .
}
known() {
  names=$(${runtime} ps -a --format '{{.Names}}' 2>/dev/null | head -n 20 | tr '\\n' ' ')
  [ -n "$names" ] && { tell "  containers there: $names"; return; }
  tell "  ${runtime} lists no container at all"${
    runtime === "podman"
      ? `
  tell '  next: are they root'\\''s? ${set("containerRuntime", '"sudo -n podman"')}; or is this not the machine that runs Immich (sshHost)?'`
      : ""
  }
}
# Where else containers of that service are, and how this stack gets to them.
point() {
  found=$(elsewhere) || { known; return 1; }
  printf '%s\\n' "$found" | while IFS='|' read -r name project folder; do
    tell "  container $name belongs to project $project of \${folder:-an unknown directory}"
    case $folder in
      "$directory" | "$PWD") tell "  next: it was made under another project name; there: echo COMPOSE_PROJECT_NAME=$project >> $directory/.env" ;;
      ?*) tell "  next: ${set("composeDirectory", "$folder")}" ;;
    esac
  done
}
cd "$directory" 2>/dev/null || {
  tell "there is no directory $directory that this user may enter (composeDirectory)"
  point || tell "  next: ${set("composeDirectory", "DIRECTORY")}"
  exit ${TOLD}
}
compose='${runtime} compose'
said=$($compose version 2>&1) || {
  compose='${runtime}-compose'
  $compose version >/dev/null 2>&1 || {
    tell "${runtime} has no Compose here: $(plain "$said" | head -n 3 | tr '\\n' ' ')"
    refuse "  next: install it there (Debian, Ubuntu: sudo apt-get install ${installs(runtime)})"
  }
}
services=$($compose config --services 2>/dev/null) || {
  said=$($compose config --services 2>&1)
  case $said in
    *[Nn]o\\ configuration\\ file* | *[Nn]o\\ compose.yaml* | *missing\\ files*)
      tell "there is no Compose file in $directory (composeDirectory)"
      point || tell "  next: ${set("composeDirectory", "DIRECTORY")}"
      exit ${TOLD} ;;
    *usage:*) services=$service ;; # an older podman-compose can't list them
    *) refuse "the Compose file in $directory can't be used: $(plain "$said" | tail -n 5)" "  next: there: cd $directory && $compose config" ;;
  esac
}
printf '%s\\n' "$services" | grep -qxF -- "$service" || {
  tell "the Compose file in $directory has no service $service (composeService); it has: $(printf '%s\\n' "$services" | sort | tr '\\n' ' ')"
  refuse "  next: ${set("composeService", "NAME")}"
}
find_ids() {
  # podman-compose has no -a, and lists all without.
  listed=$($compose ps -a -q 2>/dev/null) || listed=$($compose ps -q 2>/dev/null) || return 1
  listed=$(printf '%s\\n' "$listed" | grep -xE '[0-9a-f]{12,64}') || return 0
  ${runtime} inspect --type container --format '{{.Id}} {{.Name}} ${label("service")} ${label("oneoff")}' $listed |
    while read -r id name of oneoff; do
      case "$of $oneoff $name" in
        *" True "* | *"_\${service}_tmp"[0-9]*) ;; # made by compose run; podman-compose's have the name alone
        "$service "*) echo "$id" ;;
      esac
    done
}
ids=$(find_ids) || refuse "$compose ps in $directory failed: $($compose ps -q 2>&1 | tail -n 3)" "  next: run it there by hand"
[ -n "$ids" ] || {
  tell "the Compose project of $directory has no container of service $service"
  point || tell "  next: was it removed? There: cd $directory && $compose up -d $service"
  exit ${TOLD}
}
`;
}

/** The packages with Compose, as Debian and Ubuntu name them. */
function installs(runtime: string): string {
  return /podman/.test(runtime) ? "podman-compose" : "docker-compose-v2, or docker-compose";
}
