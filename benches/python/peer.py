"""Measures concurrent.futures as the Rust side measures its contestants.

peer.py processes|threads START_METHOD WORKLOAD WORKERS AMOUNT

The workloads are the functions at the end. AMOUNT is a count, for payload CALLSxBYTES, for speed-up the tasks'
lengths in microseconds with commas.

Prints lines of a figure's key and a number.
"""

import concurrent.futures
import multiprocessing
import os
import sys
import threading
import time


def successor(n):
    return n + 1


def pid():
    return os.getpid()


def echo(payload):
    return payload


def busy(micros):
    end = time.thread_time_ns() + micros * 1000
    while time.thread_time_ns() < end:
        pass
    return micros


def nap(n):
    time.sleep(0.001)
    return n


def start(place, start_method, workers):
    if place == "threads":
        return concurrent.futures.ThreadPoolExecutor(workers)
    context = multiprocessing.get_context(start_method)
    return concurrent.futures.ProcessPoolExecutor(workers, mp_context=context)


def first_results(pool, workers):
    """Returns when each worker process has answered; says who they are."""
    pids = set()
    while len(pids) < workers:
        futures = [pool.submit(pid) for _ in range(workers)]
        pids.update(future.result() for future in futures)
    return pids


def rally(pool, place, workers):
    if place == "processes":
        first_results(pool, workers)
        return
    barrier = threading.Barrier(workers)
    for future in [pool.submit(barrier.wait) for _ in range(workers)]:
        future.result()


def round_trip(pool, amount):
    calls = int(amount)
    times = []
    for n in range(calls // 10 + calls):
        started = time.perf_counter()
        result = pool.submit(successor, n).result()
        times.append(time.perf_counter() - started)
        assert result == n + 1
    times = sorted(times[calls // 10 :])
    print("p50_us", times[calls // 2] * 1e6)
    print("p99_us", times[calls * 99 // 100] * 1e6)


def idle_trip(pool, amount):
    calls = int(amount)
    times = []
    for n in range(calls):
        time.sleep(0.001)
        started = time.perf_counter()
        result = pool.submit(successor, n).result()
        times.append(time.perf_counter() - started)
        assert result == n + 1
    print("idle_us", sorted(times)[calls // 2] * 1e6)


def burst(pool, amount):
    tasks = int(amount)
    for n in range(tasks // 20):
        assert pool.submit(successor, n).result() == n + 1
    started = time.perf_counter()
    futures = [pool.submit(successor, n) for n in range(tasks)]
    for n, future in enumerate(futures):
        assert future.result() == n + 1
    print("tasks_per_s", tasks / (time.perf_counter() - started))


# How many numbers go in one call of a map, as with procspawn.
CHUNK = 16_384


def map_numbers(pool, amount):
    def run(items):
        assert sum(pool.map(successor, range(items), chunksize=CHUNK)) == items * (items + 1) // 2

    items = int(amount)
    run(items // 20)
    started = time.perf_counter()
    run(items)
    print("items_per_s", items / (time.perf_counter() - started))


def payload(pool, amount):
    calls, length = map(int, amount.split("x"))
    original = bytes((at ^ (at >> 8)) & 0xFF for at in range(length))
    assert pool.submit(echo, original).result() == original
    clock = 0.0
    for _ in range(calls):
        started = time.perf_counter()
        result = pool.submit(echo, original).result()
        clock += time.perf_counter() - started
        assert result == original
    print("payloads_per_s", calls / clock)


def speed_up(pool, amount):
    lengths = [int(micros) for micros in amount.split(",")]
    started = time.perf_counter()
    futures = [pool.submit(busy, micros) for micros in lengths]
    assert sum(future.result() for future in futures) == sum(lengths)
    print("speed_up", sum(lengths) / 1e6 / (time.perf_counter() - started))


def sleeps(pool, amount):
    tasks = int(amount)
    started = time.perf_counter()
    futures = [pool.submit(nap, n) for n in range(tasks)]
    assert [future.result() for future in futures] == list(range(tasks))
    print("sleeps_ms", (time.perf_counter() - started) * 1e3)


def memory(pid):
    """PSS and private KiB."""
    pss = private = 0
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        for line in lines:
            if line.startswith("Pss:"):
                pss += int(line.split()[1])
            elif line.startswith("Private_"):
                private += int(line.split()[1])
    return pss, private


def life(place, start_method, workers):
    started = time.perf_counter()
    pool = start(place, start_method, workers)
    pids = first_results(pool, workers)
    print("start_ms", (time.perf_counter() - started) * 1e3)
    time.sleep(0.02)
    for worker in pids:
        pss, private = memory(worker)
        print("pss_kib", pss)
        print("private_kib", private)
    started = time.perf_counter()
    pool.shutdown()
    print("stop_ms", (time.perf_counter() - started) * 1e3)
    assert not any(os.path.exists(f"/proc/{worker}") for worker in pids)


WORKLOADS = {
    "round-trip": round_trip,
    "idle-trip": idle_trip,
    "burst": burst,
    "map": map_numbers,
    "payload": payload,
    "speed-up": speed_up,
    "sleeps": sleeps,
}


def main():
    place, start_method, workload, workers, amount = sys.argv[1:]
    workers = int(workers)
    if workload == "life":
        for _ in range(int(amount)):
            life(place, start_method, workers)
        return
    with start(place, start_method, workers) as pool:
        rally(pool, place, workers)
        WORKLOADS[workload](pool, amount)


if __name__ == "__main__":
    main()
