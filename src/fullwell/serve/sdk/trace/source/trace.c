/* The tracer: stands before a libqhyccd in a program's process, passes every call on, and records it.
 *
 * Records lie in a file that is mapped: what was written is there even if the process is killed in the next
 * instruction, and a call under way when a process died can be seen. Threads and processes share the file; room in it
 * is given out by one atomic counter, so nobody waits. A call that repeats the one before it in its thread (polling)
 * is counted in that one's record. Nothing here ends the program: when there is no room, recording stops and the
 * header says so.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x3145434152545746ull /* FWTRACE1 */
#define FIRST_BYTE 65536u
#define MOST_BYTES (1ull << 36)
#define STEP_BYTES (1u << 20)
#define BEGUN 0x4e474542u
#define DONE 0x454e4f44u
#define AGAIN 0x4e494741u
#define SAME_POLL_NS 100000000ull
#define MOST_HANDLES 64
#define MOST_FRAME_BYTES (1ull << 32)

enum { STOPPED_NO_ROOM = 1 };

/* The beginning of the file; the rest of its first 64 KiB is text about the run. */
struct header {
    uint64_t magic;
    uint32_t digest;
    _Atomic uint32_t stopped;
    _Atomic uint64_t used, ready; /* bytes of the file that are given out, that exist on the disk */
};

struct record {
    _Atomic uint32_t state;
    uint32_t size;
    uint32_t function, values;
    uint32_t process, thread;
    uint32_t repeats, absent;
    uint32_t told, unchanged;
    uint32_t parts, reserved;
    uint64_t start_ns, until_ns, busy_ns, longest_ns;
    uint64_t result, frame_bytes, frame_hash;
    uint64_t value[];
};

static struct header *header;
static char *file_path;
static bool without_pixels;
static char *file_bytes;
static pthread_mutex_t growing = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;
static uint32_t process;
static _Thread_local uint32_t thread;
static _Thread_local struct record *last;

/* The file. */

static void after_fork(void) {
    process = (uint32_t)getpid();
    thread = 0;
    last = NULL;
    pthread_mutex_init(&growing, NULL);
    pthread_mutex_init(&naming, NULL);
}

static void open_file(void) {
    const char *path = getenv("FULLWELL_TRACE_FILE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, MOST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    struct header start;
    bool sound = pread(file, &start, sizeof start, 0) == sizeof start && start.magic == MAGIC &&
                 start.digest == table_digest;
    close(file);
    if (memory == MAP_FAILED || !sound) return;
    process = (uint32_t)getpid();
    file_path = strdup(path);
    without_pixels = getenv("FULLWELL_TRACE_NO_PIXELS");
    pthread_atfork(NULL, NULL, after_fork);
    file_bytes = memory;
    header = memory;
}

static bool tracing(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_file);
    return header && !header->stopped;
}

/* The file is lengthened on the disk before it is used: a full disk must not end the program with SIGBUS. */
static bool lengthen(uint64_t end) {
    bool enough = true;
    pthread_mutex_lock(&growing);
    uint64_t ready = atomic_load(&header->ready);
    if (ready < end) {
        uint64_t wanted = (end + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
        int file = file_path ? open(file_path, O_RDWR | O_CLOEXEC) : -1;
        enough = file >= 0 && wanted <= MOST_BYTES &&
                 posix_fallocate(file, (off_t)ready, (off_t)(wanted - ready)) == 0;
        if (file >= 0) close(file);
        while (enough && ready < wanted && !atomic_compare_exchange_weak(&header->ready, &ready, wanted)) {}
    }
    pthread_mutex_unlock(&growing);
    if (!enough) header->stopped = STOPPED_NO_ROOM;
    return enough;
}

static struct record *new_record(uint32_t size) {
    uint64_t at = atomic_fetch_add(&header->used, size);
    if (at + size > atomic_load_explicit(&header->ready, memory_order_relaxed) && !lengthen(at + size)) return NULL;
    struct record *record = (struct record *)(file_bytes + at);
    record->size = size;
    return record;
}

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Handles: told as the number of the camera in the order of opening. */

static _Atomic(void *) handles[MOST_HANDLES];
static _Atomic uint32_t handle_count;

static uint64_t known_handle(const void *handle) {
    uint32_t count = atomic_load_explicit(&handle_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++)
        if (atomic_load_explicit(&handles[i], memory_order_relaxed) == handle) return i + 1;
    return 0;
}

uint64_t number_of_handle(void *handle) {
    if (!handle) return 0;
    pthread_mutex_lock(&naming);
    uint64_t number = known_handle(handle);
    uint32_t count = atomic_load(&handle_count);
    if (!number && count < MOST_HANDLES) {
        atomic_store(&handles[count], handle);
        atomic_store_explicit(&handle_count, count + 1, memory_order_release);
        number = count + 1;
    }
    pthread_mutex_unlock(&naming);
    return number ? number : UINT64_MAX;
}

/* What goes in. */

uint64_t double_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void take_number(struct call *call, uint32_t place, uint64_t value) {
    call->given |= 1u << place;
    call->value[place] = value;
}

void take_double(struct call *call, uint32_t place, double value) { take_number(call, place, double_bits(value)); }

void take_handle(struct call *call, uint32_t place, void *handle) {
    uint64_t number = known_handle(handle);
    take_number(call, place, !handle ? 0 : number ? number : UINT64_MAX);
    call->stray = !number;
}

void take_pointer(struct call *call, uint32_t place, const void *pointer) {
    if (!pointer) call->absent |= 1u << place;
}

void take_text(struct call *call, uint32_t place, const char *text, size_t most) {
    take_pointer(call, place, text);
    uint32_t size = text && !call->stray ? (uint32_t)strnlen(text, most < 1023 ? most : 1023) : 0;
    call->part[call->parts++] = (struct part){text, size, size};
}

void watch(struct call *call, uint32_t place, const void *pointer, size_t size) {
    take_pointer(call, place, pointer);
    call->before[place] = 0;
    if (pointer && !call->stray) memcpy(&call->before[place], pointer, size);
}

void expect_part(struct call *call, uint32_t room) { call->part[call->parts++] = (struct part){NULL, room, 0}; }

void watch_part(struct call *call, uint32_t place, const void *pointer, uint32_t room) {
    take_pointer(call, place, pointer);
    expect_part(call, room);
}

/* Recording. */

static bool repeats(const struct call *call) {
    if (!last || call->parts || atomic_load_explicit(&last->state, memory_order_relaxed) != DONE ||
        last->function != call->function || last->absent != call->absent || last->frame_bytes ||
        call->start_ns - last->until_ns > SAME_POLL_NS)
        return false;
    for (uint32_t i = 0; i < call->values; i++)
        if (call->given >> i & 1 && call->value[i] != last->value[i]) return false;
    return true;
}

/* What a text or block takes in a record: room, size, and its bytes filled up to whole words. */
static uint32_t part_bytes(const struct part *part) { return 8u + (part->room + 7u) / 8u * 8u; }

static void write_values(struct record *record, const struct call *call) {
    memcpy(record->value, call->value, call->values * 8u);
    char *to = (char *)(record->value + call->values);
    for (uint32_t i = 0; i < call->parts; i++) {
        const struct part *part = &call->part[i];
        memcpy(to, &part->room, 4);
        memcpy(to + 4, &part->size, 4);
        if (part->size) memcpy(to + 8, part->data, part->size);
        to += part_bytes(part);
    }
}

static struct record *write_beginning(const struct call *call) {
    uint32_t size = sizeof(struct record) + call->values * 8u;
    for (uint32_t i = 0; i < call->parts; i++) size += part_bytes(&call->part[i]);
    struct record *record = new_record(size);
    if (!record) return NULL;
    if (!thread) thread = (uint32_t)syscall(SYS_gettid);
    record->function = call->function;
    record->values = call->values;
    record->process = process;
    record->thread = thread;
    record->repeats = 1;
    record->absent = call->absent;
    record->parts = call->parts;
    record->start_ns = call->start_ns;
    write_values(record, call);
    atomic_store_explicit(&record->state, BEGUN, memory_order_release);
    return record;
}

void begin_call(struct call *call) {
    if (!tracing()) return;
    int kept = errno;
    call->start_ns = now_ns();
    call->again = repeats(call);
    if (call->again) atomic_store_explicit(&last->state, AGAIN, memory_order_release);
    else call->record = write_beginning(call);
    errno = kept;
}

void end_call(struct call *call) { call->until_ns = call->start_ns ? now_ns() : 0; }

void tell(struct call *call, uint32_t place, const void *pointer, size_t size) {
    if (!pointer) return;
    call->told |= 1u << place;
    memcpy(&call->value[place], pointer, size);
    if (call->value[place] == call->before[place]) call->unchanged |= 1u << place;
}

static struct part *next_untold(struct call *call) {
    for (uint32_t i = 0; i < call->parts; i++)
        if (!call->part[i].data && call->part[i].room) return &call->part[i];
    return NULL;
}

void tell_part(struct call *call, uint32_t place, const void *pointer, bool is_text) {
    struct part *part = next_untold(call);
    if (!pointer || !part) return;
    call->told |= 1u << place;
    part->data = pointer;
    part->size = is_text ? (uint32_t)strnlen(pointer, part->room) : part->room;
}

void tell_result_text(struct call *call, const char *text) {
    struct part *part = next_untold(call);
    if (!text || !part) return;
    part->data = text;
    part->size = (uint32_t)strnlen(text, part->room);
}

/* The last poll was like the one before it: nothing new is kept but its time. */
static bool count_repeat(const struct call *call) {
    bool same = last->result == call->result && last->told == call->told && !call->frame_bytes;
    for (uint32_t i = 0; i < call->values && same; i++) same = call->value[i] == last->value[i];
    if (same) {
        uint64_t took = call->until_ns - call->start_ns;
        last->repeats++;
        last->until_ns = call->until_ns;
        last->busy_ns += took;
        if (took > last->longest_ns) last->longest_ns = took;
    }
    atomic_store_explicit(&last->state, DONE, memory_order_release);
    return same;
}

void keep_call(struct call *call) {
    if (!call->start_ns) return;
    int kept = errno;
    if (call->again && !count_repeat(call)) call->record = write_beginning(call);
    struct record *record = call->record;
    if (record) {
        uint64_t took = call->until_ns - call->start_ns;
        record->until_ns = call->until_ns;
        record->busy_ns = record->longest_ns = took;
        record->result = call->result;
        record->told = call->told;
        record->unchanged = call->unchanged;
        record->frame_bytes = call->frame_bytes;
        record->frame_hash = call->frame_hash;
        write_values(record, call);
        atomic_store_explicit(&record->state, DONE, memory_order_release);
        last = record;
    }
    errno = kept;
}

/* Frames. */

#define LANES 8
#define PRIME_1 0x9e3779b185ebca87ull
#define PRIME_2 0xc2b2ae3d27d4eb4full

/* The round of xxHash64: no single changed bit of one word looks like one of the next. */
static inline uint64_t mix(uint64_t state, uint64_t word) {
    state += word * PRIME_2;
    return (state << 31 | state >> 33) * PRIME_1;
}

/* 64 bits over a frame: word i, little-endian, goes into lane i modulo 8; the last words are filled up with zeros. */
PUBLIC uint64_t fullwell_frame_hash(const void *data, uint64_t bytes) {
    uint64_t lane[LANES], block[LANES], whole = bytes / sizeof block * sizeof block;
    const char *from = data;
    for (int i = 0; i < LANES; i++) lane[i] = (uint64_t)i + 1;
    for (uint64_t at = 0; at < whole; at += sizeof block) {
        memcpy(block, from + at, sizeof block);
        for (int i = 0; i < LANES; i++) lane[i] = mix(lane[i], block[i]);
    }
    if (whole < bytes) {
        memset(block, 0, sizeof block);
        memcpy(block, from + whole, bytes - whole);
        for (int i = 0; i < LANES; i++) lane[i] = mix(lane[i], block[i]);
    }
    uint64_t hash = bytes;
    for (int i = 0; i < LANES; i++) hash = mix(hash, lane[i]);
    return hash ^ hash >> 32;
}

void tell_frame(struct call *call, const uint32_t *width, const uint32_t *height, const uint32_t *bits,
                const uint32_t *channels, const void *image) {
    if (!call->start_ns || call->result != 0 || !width || !height || !bits || !channels) return;
    uint64_t bytes = (uint64_t)*width * *height * *channels * ((*bits + 7u) / 8u);
    call->frame_bytes = bytes;
    if (image && bytes && bytes <= MOST_FRAME_BYTES && !without_pixels)
        call->frame_hash = fullwell_frame_hash(image, bytes);
}

/* The library behind us. */

static void *behind;
static uintptr_t behind_low, behind_high;
static _Thread_local bool looking;
static _Atomic(void *) found[512];

static bool is_named_so(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return path && strncmp(slash ? slash + 1 : path, "libqhyccd", 9) == 0;
}

typedef void *open_function(const char *, int);

static open_function *real_open(void) {
    static _Atomic(open_function *) function;
    open_function *known = atomic_load(&function);
    if (!known) {
        known = (open_function *)dlsym(RTLD_NEXT, "dlopen");
        atomic_store(&function, known);
    }
    return known;
}

static int look_for_own(struct dl_phdr_info *info, size_t size, void *path) {
    (void)size;
    if (!is_named_so(info->dlpi_name)) return 0;
    snprintf(path, PATH_MAX, "%s", info->dlpi_name);
    return 1;
}

static int measure(struct dl_phdr_info *info, size_t size, void *address) {
    (void)size;
    uintptr_t low = UINTPTR_MAX, high = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, end = start + info->dlpi_phdr[i].p_memsz;
        if (start < low) low = start;
        if (end > high) high = end;
    }
    if ((uintptr_t)address < low || (uintptr_t)address >= high) return 0;
    behind_low = low;
    behind_high = high;
    return 1;
}

static void find_behind(void) {
    looking = true;
    const char *given = getenv("FULLWELL_TRACE_LIBRARY");
    char own[PATH_MAX] = "";
    if (getenv("FULLWELL_TRACE_OWN")) dl_iterate_phdr(look_for_own, own);
    const char *path = own[0] ? own : given;
    behind = path && *path ? real_open()(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (behind) dl_iterate_phdr(measure, dlsym(behind, "ScanQHYCCD"));
    else if (path && *path) fprintf(stderr, "fullwell sdk trace: %s\n", dlerror());
    else fprintf(stderr, "fullwell sdk trace: the program has no libqhyccd, nor was one found: give --library PATH\n");
    looking = false;
}

void *next_function(uint32_t function) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    void *known = atomic_load_explicit(&found[function], memory_order_acquire);
    if (known || looking) return known;
    pthread_once(&once, find_behind);
    if (!behind) return NULL;
    known = dlsym(behind, function_names[function]);
    atomic_store_explicit(&found[function], known, memory_order_release);
    return known;
}

bool called_by_library(const void *return_address) {
    return (uintptr_t)return_address >= behind_low && (uintptr_t)return_address < behind_high;
}

static void *self(void) {
    Dl_info info;
    return dladdr((void *)self, &info) ? real_open()(info.dli_fname, RTLD_NOW | RTLD_NOLOAD) : NULL;
}

/* Programs that open the library by hand get us instead. All other names pass through with the caller's own address
 * on the stack, from which the loader takes the folders it looks in: the call must stay in the tail. */
PUBLIC void *dlopen(const char *name, int flags) {
    open_function *next = real_open();
    if (looking || !is_named_so(name)) return next(name, flags);
    if (getenv("FULLWELL_TRACE_OWN") && !next(name, flags)) return NULL;
    return self();
}
