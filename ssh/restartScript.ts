import { quote } from "../ssh/quote";

/** What a restart needs to know. */
export interface RestartScriptArgs {
  readonly runtime: string;
  readonly directory: string;
  readonly service: string;
  readonly timeoutSeconds: number;
}

/**
 * The POSIX shell script that restarts a Compose service and waits until it is healthy (or runs,
 * where it has no health check). It fails with the service's last log lines when that takes longer
 * than the time given. No secret is in it, as command lines can be read by others on the host.
 */
export function restartScript(args: RestartScriptArgs): string {
  const { runtime, timeoutSeconds } = args;
  const directory = quote(args.directory);
  const service = quote(args.service);
  return `cd ${directory} && ${runtime} compose restart ${service} || exit
give_up=$(($(date +%s) + ${timeoutSeconds}))
while :; do
  container=$(${runtime} compose ps -a -q ${service})
  state=$(${runtime} inspect --format '{{json .State}}' "$container")
  case $state in
    *'"Status":"healthy"'*) echo ${service} is healthy; exit 0 ;;
    *'"Health":{'*) ;;
    *'"Status":"running"'*) echo ${service} is running, it has no health check; exit 0 ;;
  esac
  [ "$(date +%s)" -lt "$give_up" ] || break
  sleep 1
done
echo ${service} was restarted and is not healthy after ${timeoutSeconds} s. Its last log lines: >&2
${runtime} compose logs --no-color --tail 20 ${service} >&2
exit 1`;
}
