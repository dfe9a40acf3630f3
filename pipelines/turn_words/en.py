"""English word tables for the end of a turn."""

from pipelines.turn_words.table import Words, phrases, words

ENGLISH = Words(
    stalling=phrases("""
        let me see | let me think | let me check | let me look | hold on | hang on | one moment |
        just a moment | one second | just a second | a second | a moment | wait | wait a minute |
        just a minute | you know | i mean | bear with me | what's it called | how do i say
    """),
    dangling=words("""
        a an the my your our their its every and or but because 'cause cause if although while
        whereas unless whether as nor than very quite just mr mrs ms plus i'm i've i'd i'll we're
        we've we'd we'll you're you've they're they've it's that's there's he's she's what's
        where's who's how's when's it'll that'll let's which whose another
    """),
    determiners=words("a an the my your our their its his her this that these those some any"),
    prepositions=words("""
        of from with at for to into onto about between during without against towards toward in on
        by per via including regarding concerning until till since past behind near under like
        around
    """),
    particles=phrases("""
        log logged sign signed come came coming check checked move moved put fill drop get hand
        join phone go it them : in | turn switch switched hold go going come log sign put carry
        move it them moved later : on | come stop go drop pass nearby by : by | passed past : past
        | turn go look come show all : around | ever : since | what's : on | how what : about |
        not until : until | to to : to
    """),
    auxiliaries=words("""
        is are was were am be been do does did have has had can could will would shall should may
        might must don't doesn't didn't isn't aren't wasn't can't couldn't won't wouldn't haven't
        hasn't
    """),
    modals=words("""
        can could will would shall should may might must do does did to don't didn't
    """),
    bare=words("be do have"),
    loose=words("like"),
    aiming=words("""
        want wanted like need needed able going trying try possible have wish hoping how
    """),
    asides=phrases("i think | i believe"),
    yours=words("your you"),
    calling=phrases("this is | i'm | i am | it's"),
    contracted=words("""
        it's that's there's he's she's what's where's who's how's when's let's here's
    """),
    elliptic=phrases("to do | please do | can do | will do | should do | that'll do"),
    subjects=words("i we he she they"),
    pronouns=words("you it that this there he she they we i"),
    stranders=words("""
        talk speak go come look looking wait waiting ask pay call calling send apply belong sit
        listen it you me this that them he she they we him her stand deal leave arrive get start
        depart live work for speaking talking talked spoken coming going write worry sent paid
        made delivered land fly ship set
    """),
    needy=phrases("""
        and also | i also | i want | i need | i wanted | i'd like | would like | i like | want to
        ask | wanted to ask | like to ask | to know | to book | to order | to make | to send | to
        check | to buy | to speak | to find | to get | to talk | tell me | give me | send me |
        show me | let me | get me | put me | i think | i believe | you check | you tell | you give
        | you send | you find | you get | you make | you book | you look | you put | you say |
        looking | wondering | i'm calling | i am calling | i bought | i got | i found | i received
        | i made | it says | it said | he said | she said | they said | you said | at half |
        around half | about half | quarter | such | not only | so that | the next | a new | a
        large | a small | a big | a different | two large | a little bit more | my new | my old |
        my next | the same | the wrong | the first | the second | the other | the following | i
        have to | as well as | i live | i'd rather | in order | next to | kind | sort | a couple |
        a lot of | it has | and then | so then | for the | each | both | either | neither
    """),
    openers=words("""
        if when because since although though while once after before unless whenever as until
    """),
    links=words("whether"),
    measures=phrases("""
        how much | how many | what time | which day | what kind | how long | how far | what day
    """),
    reasons=words("because since as"),
    leads=words("""
        yes yeah no well so and but okay ok oh right now then hi hello um uh also please sorry or
    """),
    asking=words("""
        what what's where where's when when's who who's whom why how how's which whose
    """),
    inverted=phrases("""
        is | are | was | were | am | do | does | did | don't | doesn't | didn't | isn't | aren't |
        have | has | can | could | can't | couldn't | will | would | won't | wouldn't | shall |
        should | may | might | please | tell me | give me | send | show me | call | cancel | put
        me | connect me | let me know | repeat | book me | any chance | any news | is there | am i
    """),
    supported=words("do does did don't doesn't didn't have has will would"),
    yes=words("""
        yes indeed yeah yep yup sure okay ok correct right exactly absolutely certainly definitely
        alright fine perfect great
    """),
    no=words("no nope nah not never"),
    polite_ends=words("please"),
    polite=words("""
        please thanks thank you very much a lot that's that is all right it great good would be
        fine i do don't am it's really isn't doesn't at the moment of course sounds works for me
        so too
    """),
    closings=phrases("""
        thank you | thanks | thank you very much | thanks a lot | bye | goodbye | bye bye | that's
        all | that's it | that's everything | that is all | that would be all | thank you so much
        | have a nice day | have a good day | see you | nothing else | never mind
    """),
    greetings=phrases("""
        hello | hi | hey | good morning | good afternoon | good evening | hello there | hi there
    """),
    announcing=phrases("""
        a question | some questions | two questions | a few questions | one question | another
        question | a problem | an issue | some trouble | one more thing | another thing | one
        thing | the thing is | the problem is | first of all | ask you something | two things | a
        request | the following | here's the thing | a complaint | a couple of questions | a quick
        question
    """),
    naming=phrases("my name is | my name's | i'm from | i am from"),
    listening=phrases("""
        uh huh | mhm | mm hm | hm | hmm | mm | mmm | mm hmm | okay | ok | right | i see | ah | oh
        | aha | sure | yeah | yes | yep | yup | got it | alright | all right | good | great | fine
        | exactly | nice | really | oh really | wow | cool | perfect | true | okay okay | of
        course | i understand | understood | um | uh | er | huh | lovely | interesting | ah okay |
        oh okay
    """),
    tally=phrases("one | two | three | four | five | six | seven | eight | nine"),
    digits=words("zero oh nought one two three four five six seven eight nine"),
    numbers=words("""
        ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
        thirty forty fifty sixty seventy eighty ninety hundred thousand double triple
    """),
    dots=words("dot at dash hyphen underscore slash"),
    numbered=words("""
        number phone telephone mobile code pin digits account reference extension
    """),
    postal=words("postcode zip postal"),
    mail=words("email mail"),
    spelling=words("spell spelling spelt spelled"),
    birth=words("birth birthday born"),
    housed=words("address live street addressed"),
    named=words("name surname speaking"),
    counted=phrases("how many | how much | how old | number of"),
    wanting=words("like want need order take have get book buy"),
    helping=words("help happened matter problem wrong about"),
)
