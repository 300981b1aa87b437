/* TLS, if it was compiled in: what would be sent and received goes through it. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *context(void)
{
    static SSL_CTX *made;
    if (made)
        return made;
    made = SSL_CTX_new(TLS_client_method());
    if (!made)
        die("no TLS: out of memory");
    SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION);
    /* the certificate is a throw-away one, and what is measured does not depend on it */
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(made, 1);
    return made;
}

/* The handshake waits: it is not what is measured. */
void begin_tls(struct connection *connection)
{
    int flags = fcntl(connection->fd, F_GETFL);
    connection->tls = SSL_new(context());
    if (!connection->tls || !SSL_set_fd(connection->tls, connection->fd))
        die("no TLS: out of memory");
    fcntl(connection->fd, F_SETFL, flags & ~O_NONBLOCK);
    if (SSL_connect(connection->tls) != 1)
        die("the TLS handshake failed: %s", ERR_reason_error_string(ERR_get_error()));
    fcntl(connection->fd, F_SETFL, flags);
}

static ssize_t outcome(struct connection *connection, int done)
{
    if (done > 0)
        return done;
    int error = SSL_get_error(connection->tls, done);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

#else
void begin_tls(struct connection *connection)
{
    (void)connection;
    die("--tls: compiled without OpenSSL; install libssl-dev");
}
#endif

ssize_t take_bytes(struct connection *connection, void *to, size_t size)
{
#ifdef WITH_TLS
    if (connection->tls)
        return outcome(connection, SSL_read(connection->tls, to, (int)size));
#endif
    return recv(connection->fd, to, size, 0);
}

ssize_t give_bytes(struct connection *connection, const void *from, size_t size)
{
#ifdef WITH_TLS
    if (connection->tls)
        return outcome(connection, SSL_write(connection->tls, from, (int)size));
#endif
    return send(connection->fd, from, size, MSG_NOSIGNAL);
}
