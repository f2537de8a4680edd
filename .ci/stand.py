"""What the end-to-end checks stand on: the binaries, processes that are watched, checks that are counted."""
import json, os, shutil, signal, subprocess, sys, tempfile, time
import urllib.error, urllib.parse, urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(TOP, ".build", "release")
APUS, TOOL = os.path.join(BIN, "apus"), os.path.join(BIN, "apustool")
HOME = tempfile.mkdtemp(prefix="apus-e2e-")
WEB, NODE, ALERT = 29090, 29100, 29093
URL = f"http://127.0.0.1:{WEB}"

passed, failed, children = 0, [], {}


def check(what, holds, detail=""):
    global passed
    print(("ok    " if holds else "FAIL  ") + what + ("" if holds else f": {detail}"), flush=True)
    if holds:
        passed += 1
    else:
        failed.append(what)


def wait(what, condition, seconds=30):
    """Polls until the condition gives something true; a check of its own."""
    end, last = time.time() + seconds, None
    while time.time() < end:
        try:
            last = condition()
            if last:
                check(what, True)
                return last
        except Exception as e:
            last = e
        time.sleep(0.1)
    check(what, False, f"not within {seconds} s, last {str(last)[:300]}")
    return None


def start(name, *argv):
    log = open(f"{HOME}/{name}.log", "ab")
    children[name] = subprocess.Popen(argv, stdout=log, stderr=log, cwd=HOME)


def stop(name, sig=signal.SIGTERM):
    p = children.pop(name)
    p.send_signal(sig)
    return p.wait(30)


def log_of(name):
    return open(f"{HOME}/{name}.log", errors="replace").read()


def start_apus(data=f"{HOME}/data", *more):
    start("apus", APUS, f"--config.file={HOME}/apus.yml", f"--storage.tsdb.path={data}",
          f"--web.listen-address=127.0.0.1:{WEB}", "--web.enable-lifecycle",
          "--web.enable-admin-api", *more)


def start_node():
    start("node", "prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{NODE}")


def get(path, method="GET", **params):
    query = urllib.parse.urlencode(params, doseq=True)
    request = urllib.request.Request(URL + path + ("?" + query if query else ""), method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def api(path, **params):
    return json.loads(get("/api/v1/" + path, **params))["data"]


def vector(expression, **params):
    return api("query", query=expression, **params)["result"]


def scalar(expression, **params):
    result = vector(expression, **params)
    return float(result[0]["value"][1]) if result else None


def run(*argv):
    p = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=HOME)
    return p.returncode, p.stdout, p.stderr


def perform(main):
    """Runs the checks, ends every process, prints the sum and exits with 1 if a check failed."""
    try:
        main()
    finally:
        for name in list(children):
            stop(name, signal.SIGKILL)
        if failed:
            print("\n--- the server's last lines")
            print(log_of("apus")[-3000:])
        shutil.rmtree(HOME, ignore_errors=True)
    print(f"{passed} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)
