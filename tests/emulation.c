/* Maps a file at the address that the pointers in it were made for, and runs a program on it: emulation FILE THREADS. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

void run(void *context, int64_t thread, int64_t threads);

static int64_t *context, threads;

static void *run_part(void *thread) {
    run(context, (intptr_t)thread, threads);
    return NULL;
}

int main(int count, char **arguments) {
    int file = open(arguments[1], O_RDWR);
    struct stat status;
    if (fstat(file, &status)) return 1;
    context = mmap((void *)BASE, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    if (context != (void *)BASE) return 2;
    context[YIELD] = (intptr_t)sched_yield;
    threads = atoi(arguments[2]);
    pthread_t others[threads];
    for (int64_t thread = 1; thread < threads; thread++)
        if (pthread_create(&others[thread], NULL, run_part, (void *)thread)) return 3;
    run_part(0);
    for (int64_t thread = 1; thread < threads; thread++) pthread_join(others[thread], NULL);
    return 0;
}
