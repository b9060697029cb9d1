import { type ComposeService, findScript, TOLD } from "./composeScript";
import { quote } from "./quote";

/** What a restart needs to know. */
export interface RestartScriptArgs extends ComposeService {
  /** How long the service may take to be healthy, in seconds. */
  readonly timeoutSeconds: number;
}

/**
 * The POSIX shell script that restarts a Compose service and waits until each of its containers is healthy (or runs, where
 * it has no health check). It prints what it came to; otherwise it ends with an exit code other than 0 and says on stderr
 * what was restarted and what was not, why, and whether the service is down now. No secret is in it, as command lines can
 * be read by others on the host.
 */
export function restartScript(args: RestartScriptArgs): string {
  const { runtime, timeoutSeconds } = args;
  return `${findScript(args)}state() { ${runtime} inspect --type container --format '{{json .State}}' "$1" 2>/dev/null; }
started() { ${runtime} inspect --type container --format '{{json .State.StartedAt}}' "$1" 2>/dev/null; }
name() { ${runtime} inspect --type container --format '{{.Name}}' "$1" 2>/dev/null | sed 's/^\\///'; }
word() { printf '%s' "$1" | sed -e 's/^{[^{]*"Status":"\\([a-z]*\\)".*/\\1/'; }
health() { case $1 in *'"Health'*'":{"Status":"'*) printf '%s' "$1" | sed -e 's/.*"Health[a-z]*":{"Status":"\\([a-z]*\\)".*/\\1/' ;; esac; }
# How the containers are, in words; and that nobody can log in while none runs.
describe() {
  up=
  for id in $ids; do
    is=$(state "$id")
    case $is in
      *'"Status":"running"'*) up=yes ;;
      *'"Status":"restarting"'*) up=again ;;
    esac
    what=$(word "$is") well=$(health "$is")
    tell "  $(name "$id"): \${what:-gone}\${well:+, $well}"
  done
  case $up in
    yes) ;;
    again) tell "$service is down now: it ends soon after each start, and is started again" ;;
    *) tell "$service is down now. Start it: cd $directory && $compose start $service" ;;
  esac
}
before=$(for id in $ids; do echo "$id $(started "$id")"; done)
${slowHealthWarning(args)}
said=$($compose restart ${quote(args.service)} 2>&1)
failed=$?
# podman-compose ends well whatever podman said: only a new start is a restart.
for id in $ids; do
  case $before in *"$id $(started "$id")"*) failed=1 ;; esac
done
[ "$failed" = 0 ] || {
  tell "the restart of $service failed: $(plain "\${said:-$compose restart said nothing}")"
  describe
  exit ${TOLD}
}
plain "$said" >&2
give_up=$(($(date +%s) + ${timeoutSeconds})) still=0 why='after ${timeoutSeconds} s (restartTimeoutSeconds)'
while :; do
  waiting= dead= unchecked=
  for id in $ids; do
    is=$(state "$id") || { ids=$(find_ids); waiting=yes; break; } # made anew by somebody meanwhile
    case $is in
      *'"Status":"running"'*'"Health'*'":{"Status":"healthy"'*) ;;
      *'"Status":"running"'*'"Health'*'":{"Status":"'[a-mo-z]*) waiting=yes ;;
      *'"Status":"running"'*) unchecked=yes ;;
      *'"Status":"exited"'* | *'"Status":"dead"'*) waiting=yes dead=yes ;;
      *) waiting=yes ;;
    esac
  done
  if [ -z "$ids" ]; then refuse "the containers of $service were removed while they were waited for"; fi
  if [ -z "$waiting" ] && [ -z "$unchecked" ]; then echo "$service is healthy"; exit 0; fi
  # Without a health check it has to stay up for some looks; exited, a restart policy has some looks to start it again.
  if [ -n "$waiting$dead" ] && [ -z "$dead" ]; then still=0; else still=$((still + 1)); fi
  if [ -z "$waiting" ] && [ "$still" -ge 3 ]; then echo "$service is running, it has no health check"; exit 0; fi
  if [ -n "$dead" ] && [ "$still" -ge 10 ]; then why='as it has ended'; break; fi
  [ "$(date +%s)" -lt "$give_up" ] || break
  sleep 1
done
tell "$service was restarted and is not healthy $why:"
describe
for id in $ids; do
  tell "Last log lines of $(name "$id"):"
  ${runtime} logs --tail 20 "$id" >&2
done
exit ${TOLD}`;
}

/**
 * A health check is first made after its interval: 30 s, unless the image or the Compose file says otherwise, and a moment
 * more until its answer is known (31.6 s in all, measured). Less time than that is not enough for any service.
 */
function slowHealthWarning({ runtime, timeoutSeconds }: RestartScriptArgs): string {
  const number = (key: string) =>
    `$(printf '%s' "$check" | sed -n 's/.*"${key}":\\([0-9]*\\).*/\\1/p')`;
  return `for id in $ids; do
  check=$(${runtime} inspect --type container --format '{{json .Config.Healthcheck}}' "$id" 2>/dev/null)
  case $check in *'"Test":["CMD'*) ;; *) continue ;; esac
  pace=${number("StartInterval")}
  [ "\${pace:-0}" != 0 ] || pace=${number("Interval")}
  [ "\${pace:-0}" != 0 ] || pace=30000000000
  pace=$((pace / 1000000000))
  [ $((pace + 2)) -le ${timeoutSeconds} ] || tell "warning: restartTimeoutSeconds is ${timeoutSeconds}, but the first health check of $(name "$id") comes after $pace s; allow more: npx pulumi config set restartTimeoutSeconds $((pace + 90))"
done`;
}
