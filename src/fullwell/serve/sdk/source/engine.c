/* libqhyccd, our own: the connection to the engine, handles, and frames out of shared memory.
 *
 * Each call borrows a connection from a small store, so that threads never wait for one another; a call that blocks
 * (fetching a single frame) keeps its own. Handles are addresses in a fixed table and are only ever compared, never
 * followed before they are found there, so a closed or invented handle is an error and nothing worse. A child process
 * after fork starts with nothing, as it would with a USB camera.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_CAMERAS 64
#define MOST_IDLE 32
#define START_MS 30000

#ifndef ENGINE_COMMAND
#define ENGINE_COMMAND "fullwell"
#endif

extern char **environ;

struct camera {
    char id[64];
    uint32_t number;      /* 0 = closed */
    struct shared *frames;
    size_t frames_bytes;
    uint32_t users;       /* calls that read the frames now */
    pthread_mutex_t live; /* one thread at a time takes a live frame */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unused = PTHREAD_COND_INITIALIZER;
static int idle[MOST_IDLE];
static int idle_count;
static struct camera cameras[MOST_CAMERAS] = {[0 ... MOST_CAMERAS - 1] = {.live = PTHREAD_MUTEX_INITIALIZER}};
static bool watches_forks;

/* Forking. */

static void before_fork(void) { pthread_mutex_lock(&lock); }

static void after_fork_parent(void) { pthread_mutex_unlock(&lock); }

static void after_fork_child(void) {
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&unused, NULL);
    for (int i = 0; i < idle_count; i++) close(idle[i]);
    idle_count = 0;
    for (int i = 0; i < MOST_CAMERAS; i++) {
        if (cameras[i].frames) munmap(cameras[i].frames, cameras[i].frames_bytes);
        memset(&cameras[i], 0, sizeof cameras[i]);
        pthread_mutex_init(&cameras[i].live, NULL);
    }
}

/* Where the engine listens, and starting one. */

static void socket_path(char *path, size_t size) {
    const char *given = getenv("FULLWELL_SDK_SOCKET");
    const char *folder = getenv("XDG_RUNTIME_DIR");
    if (given && *given) snprintf(path, size, "%s", given);
    else if (folder && *folder) snprintf(path, size, "%s/fullwell-sdk.sock", folder);
    else snprintf(path, size, "/tmp/fullwell-sdk-%u.sock", (unsigned)getuid());
}

static int connect_once(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socket_path(address.sun_path, sizeof address.sun_path);
    int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line < 0) return -1;
    if (connect(line, (struct sockaddr *)&address, sizeof address) != 0) {
        close(line);
        return -1;
    }
    uint32_t hello[4] = {MAGIC, PROTOCOL, table_digest, (uint32_t)getpid()}, same = 0;
    if (send(line, hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello ||
        recv(line, &same, sizeof same, MSG_WAITALL) != sizeof same || same != MAGIC) {
        static _Atomic bool said;
        if (!atomic_exchange(&said, true))
            fprintf(stderr, "libqhyccd (fullwell): the engine is of another version than this library. "
                            "Stop it, then run: fullwell sdk build\n");
        close(line);
        return -1;
    }
    return line;
}

static void nap(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* The engine ends by itself when its last client is gone for a while; being nobody's child, it leaves no zombie. */
static bool start_engine(void) {
    if (getenv("FULLWELL_SDK_NO_START")) return false;
    const char *command = getenv("FULLWELL_COMMAND");
    if (!command || !*command) command = ENGINE_COMMAND;
    char *const words[] = {(char *)command, "sdk", "engine", "--detach", NULL};
    char **clean = environ;
    size_t count = 0;
    while (environ[count]) count++;
    clean = malloc((count + 1) * sizeof *clean);
    if (!clean) return false;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0) clean[kept++] = environ[i];
    clean[kept] = NULL;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int failed = posix_spawnp(&child, command, &files, NULL, words, clean);
    posix_spawn_file_actions_destroy(&files);
    free(clean);
    if (failed) {
        fprintf(stderr, "libqhyccd (fullwell): cannot run %s: %s. Set FULLWELL_COMMAND to the fullwell command.\n",
                command, strerror(failed));
        return false;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int connect_engine(bool start) {
    int line = connect_once();
    if (line >= 0 || !start || !start_engine()) return line;
    for (int waited = 0; waited < START_MS && line < 0; waited += 20) {
        line = connect_once();
        if (line < 0) nap(20);
    }
    return line;
}

/* Connections. */

static int take_line(bool start) {
    pthread_mutex_lock(&lock);
    if (!watches_forks) {
        watches_forks = true;
        pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    }
    int line = idle_count ? idle[--idle_count] : -1;
    pthread_mutex_unlock(&lock);
    return line >= 0 ? line : connect_engine(start);
}

static void give_back(int line) {
    pthread_mutex_lock(&lock);
    bool kept = idle_count < MOST_IDLE;
    if (kept) idle[idle_count++] = line;
    pthread_mutex_unlock(&lock);
    if (!kept) close(line);
}

static bool send_all(int line, const void *data, size_t size) {
    const char *from = data;
    while (size) {
        ssize_t sent = send(line, from, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        from += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Receive all; a file descriptor that comes along is put into *file. */
static bool receive_all(int line, void *data, size_t size, int *file) {
    char *to = data;
    while (size) {
        union {
            char room[CMSG_SPACE(sizeof(int))];
            struct cmsghdr aligned;
        } control;
        struct iovec part = {to, size};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
                                 .msg_controllen = sizeof control.room};
        ssize_t came = recvmsg(line, &message, MSG_CMSG_CLOEXEC);
        if (came < 0 && errno == EINTR) continue;
        if (came <= 0) return false;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
            memcpy(file, CMSG_DATA(head), sizeof *file);
        to += came;
        size -= (size_t)came;
    }
    return true;
}

static bool ask_for(const struct question *question, struct answer *reply, int *file, bool start) {
    int line = take_line(start);
    *file = -1;
    if (line >= 0) {
        if (send_all(line, question, sizeof *question) && receive_all(line, reply, sizeof *reply, file)) {
            give_back(line);
            return true;
        }
        close(line);
        pthread_mutex_lock(&lock); /* the engine is gone: what waits in the store is dead as well */
        while (idle_count) close(idle[--idle_count]);
        pthread_mutex_unlock(&lock);
    }
    if (*file >= 0) close(*file);
    memset(reply, 0, sizeof *reply);
    reply->result = FAILED;
    return false;
}

bool ask(const struct question *question, struct answer *reply) {
    int file;
    /* Only the first steps of a program start an engine: later it is lost, and so are its cameras. */
    bool start = question->camera == 0;
    bool answered = ask_for(question, reply, &file, start);
    if (answered && file >= 0) close(file);
    return answered;
}

void put_text(struct question *question, uint32_t parameter, const char *text) {
    size_t room = TEXT_BYTES - question->text_bytes;
    if (!text) {
        question->absent |= 1u << parameter;
        text = "";
    }
    size_t size = strnlen(text, room ? room - 1 : 0);
    if (!room) return;
    memcpy(question->text + question->text_bytes, text, size);
    question->text[question->text_bytes + size] = 0;
    question->text_bytes += (uint32_t)size + 1;
}

void put_double(struct question *question, uint32_t parameter, double value) {
    memcpy(&question->number[parameter], &value, sizeof value);
}

double as_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Handles. */

static struct camera *find(void *handle) {
    for (int i = 0; i < MOST_CAMERAS; i++)
        if (handle == (void *)&cameras[i]) return &cameras[i];
    return NULL;
}

uint32_t camera_number(void *handle) {
    struct camera *camera = find(handle);
    if (!camera) return 0;
    pthread_mutex_lock(&lock);
    uint32_t number = camera->number;
    pthread_mutex_unlock(&lock);
    return number;
}

/* The frames of an open camera; they stay mapped until `leave`. */
static struct shared *enter(void *handle, uint32_t *number) {
    struct camera *camera = find(handle);
    if (!camera) return NULL;
    pthread_mutex_lock(&lock);
    struct shared *frames = camera->number ? camera->frames : NULL;
    if (frames) camera->users++;
    *number = camera->number;
    pthread_mutex_unlock(&lock);
    return frames;
}

static void leave(void *handle) {
    struct camera *camera = find(handle);
    pthread_mutex_lock(&lock);
    if (--camera->users == 0) pthread_cond_broadcast(&unused);
    pthread_mutex_unlock(&lock);
}

static struct shared *map_frames(int file, size_t *bytes) {
    struct stat facts;
    if (file < 0 || fstat(file, &facts) != 0 || (size_t)facts.st_size < sizeof(struct shared)) return NULL;
    struct shared *frames = mmap(NULL, (size_t)facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (frames == MAP_FAILED) return NULL;
    bool sound = frames->magic == MAGIC && frames->protocol == PROTOCOL && frames->slots >= 1 &&
                 frames->slots <= MOST_SLOTS &&
                 frames->first_byte + frames->slots * frames->slot_bytes <= (uint64_t)facts.st_size;
    if (!sound) {
        munmap(frames, (size_t)facts.st_size);
        return NULL;
    }
    *bytes = (size_t)facts.st_size;
    return frames;
}

void *open_camera(const char *id) {
    struct question question = {.function = function_open};
    struct answer reply;
    int file = -1;
    put_text(&question, 0, id);
    if (!id || !ask_for(&question, &reply, &file, true) || reply.result == 0) {
        if (file >= 0) close(file);
        return NULL;
    }
    size_t bytes = 0;
    struct shared *frames = map_frames(file, &bytes);
    if (file >= 0) close(file);
    if (!frames) return NULL;
    struct camera *place = NULL;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_CAMERAS && !place; i++)
        if (strncmp(cameras[i].id, id, sizeof cameras[i].id - 1) == 0) place = &cameras[i];
    for (int i = 0; i < MOST_CAMERAS && !place; i++)
        if (!cameras[i].id[0]) place = &cameras[i];
    if (place) {
        bool same = place->number == (uint32_t)reply.result && place->frames;
        while (!same && place->users) pthread_cond_wait(&unused, &lock);
        if (same) {
            munmap(frames, bytes);
        } else {
            if (place->frames) munmap(place->frames, place->frames_bytes);
            snprintf(place->id, sizeof place->id, "%s", id);
            place->number = (uint32_t)reply.result;
            place->frames = frames;
            place->frames_bytes = bytes;
        }
    } else {
        munmap(frames, bytes);
    }
    pthread_mutex_unlock(&lock);
    return place;
}

uint32_t close_camera(void *handle) {
    struct camera *camera = find(handle);
    uint32_t number = camera_number(handle);
    if (!number) return 0; /* the vendor's library says so too */
    struct question question = {.function = function_close, .camera = number};
    struct answer reply;
    ask(&question, &reply); /* wakes whoever waits for a frame */
    pthread_mutex_lock(&lock);
    if (camera->number == number) {
        camera->number = 0;
        while (camera->users) pthread_cond_wait(&unused, &lock);
        if (!camera->number && camera->frames) {
            munmap(camera->frames, camera->frames_bytes);
            camera->frames = NULL;
        }
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

/* Frames. */

static void tell(uint32_t *to, uint32_t value) {
    if (to) *to = value;
}

static bool copy_slot(const struct shared *frames, uint32_t index, uint32_t *width, uint32_t *height, uint32_t *bits,
                      uint32_t *channels, void *image) {
    const struct slot *slot = &frames->slot[index];
    uint64_t bytes = (uint64_t)slot->width * slot->height * slot->channels * (slot->bits / 8);
    if (index >= frames->slots || bytes != slot->bytes || bytes > frames->slot_bytes) return false;
    tell(width, slot->width);
    tell(height, slot->height);
    tell(bits, slot->bits);
    tell(channels, slot->channels);
    if (image) memcpy(image, (const char *)frames + frames->first_byte + index * frames->slot_bytes, bytes);
    return true;
}

uint32_t fetch_single(void *handle, uint32_t *width, uint32_t *height, uint32_t *bits, uint32_t *channels,
                      void *image) {
    uint32_t number;
    struct shared *frames = enter(handle, &number);
    if (!frames) return FAILED;
    struct question question = {.function = function_single, .camera = number};
    struct answer reply;
    ask(&question, &reply);
    uint32_t result = (uint32_t)reply.result;
    if (result == 0 && !copy_slot(frames, 0, width, height, bits, channels, image)) result = FAILED;
    leave(handle);
    return result;
}

/* Never blocks, asks nobody: a look into shared memory, and one copy when a frame is there. */
uint32_t fetch_live(void *handle, uint32_t *width, uint32_t *height, uint32_t *bits, uint32_t *channels,
                    void *image) {
    uint32_t number, result = FAILED;
    struct camera *camera = find(handle);
    struct shared *frames = enter(handle, &number);
    if (!frames) return FAILED;
    pthread_mutex_lock(&camera->live);
    uint64_t taken = atomic_load_explicit(&frames->taken, memory_order_relaxed);
    uint64_t made = atomic_load_explicit(&frames->made, memory_order_acquire);
    if (atomic_load_explicit(&frames->live, memory_order_acquire)) {
        tell(width, frames->width);
        tell(height, frames->height);
        tell(bits, frames->bits);
        tell(channels, frames->channels);
        if (made > taken) {
            if (copy_slot(frames, (uint32_t)(taken % frames->slots), width, height, bits, channels, image)) result = 0;
            atomic_store_explicit(&frames->taken, taken + 1, memory_order_release);
        }
    }
    pthread_mutex_unlock(&camera->live);
    leave(handle);
    return result;
}
