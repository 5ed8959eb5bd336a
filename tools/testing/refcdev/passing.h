/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * passing.h: files that are passed on through UNIX sockets, or stay in them
 */
#ifndef REFCDEV_TEST_PASSING_H
#define REFCDEV_TEST_PASSING_H

/* Sends two files, or one if the second is -1. */
void send_files(int socket, int first, int second);
int receive_file(int socket);

/* A socket whose messages come back to it. */
int socket_to_itself(void);

/* Has the kernel close the files in sockets that nobody can reach; that may take a moment. */
void collect_garbage(void);

#endif /* REFCDEV_TEST_PASSING_H */
