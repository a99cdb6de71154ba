"""Measures concurrent.futures as the Rust side measures its contestants.

peer.py processes|threads START_METHOD round-trip|idle-trip|burst|life WORKERS COUNT

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


def round_trip(pool, calls):
    times = []
    for n in range(calls // 10 + calls):
        started = time.perf_counter()
        result = pool.submit(successor, n).result()
        times.append(time.perf_counter() - started)
        assert result == n + 1
    times = sorted(times[calls // 10 :])
    print("p50_us", times[calls // 2] * 1e6)
    print("p99_us", times[calls * 99 // 100] * 1e6)


def idle_trip(pool, calls):
    times = []
    for n in range(calls):
        time.sleep(0.001)
        started = time.perf_counter()
        result = pool.submit(successor, n).result()
        times.append(time.perf_counter() - started)
        assert result == n + 1
    print("idle_us", sorted(times)[calls // 2] * 1e6)


def burst(pool, tasks):
    for n in range(tasks // 20):
        assert pool.submit(successor, n).result() == n + 1
    started = time.perf_counter()
    futures = [pool.submit(successor, n) for n in range(tasks)]
    for n, future in enumerate(futures):
        assert future.result() == n + 1
    print("tasks_per_s", tasks / (time.perf_counter() - started))


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


def main():
    place, start_method, workload = sys.argv[1:4]
    workers, count = int(sys.argv[4]), int(sys.argv[5])
    if workload == "life":
        for _ in range(count):
            life(place, start_method, workers)
        return
    with start(place, start_method, workers) as pool:
        rally(pool, place, workers)
        {"round-trip": round_trip, "idle-trip": idle_trip, "burst": burst}[workload](pool, count)


if __name__ == "__main__":
    main()
