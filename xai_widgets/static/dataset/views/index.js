var Ae=()=>performance.now(),le=(t,e)=>t.addEventListener("abort",e),fe={colormap:"auto",opacity:.7,clip:99.5,threshold:0,sign:"both",blend:"normal",arrangement:"overlay",interpolation:"smooth"};function ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),o=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+o.replaceAll("-","−")}function oe(t,e=1){let o=10**-e;return t>0&&200*t<o?`<${o} %`:`${(100*t).toFixed(e)} %`}var Re=t=>t[0].toUpperCase()+t.slice(1);function qe(t){let e=/-?\d*\.?\d+(e[-+]?\d+)?/i.exec(t.replace("−","-").replace(",","."));return e&&Number(e[0])}var We=t=>t!=="rest"&&t!=="stopped";function ie(t,e,o){return Math.max(e,Math.min(o,t))}function me(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function Ge(t,e,o,n){let r=e?t:0;return Float32Array.from({length:r+t+1},(l,c)=>{let s=(c-r)/t;return Math.sign(s)*Math.abs(s)**n*o})}var Qe=8191;function et(t,e,o,n="smooth"){let{signed:r,gamma:l}=t,[c,s]=t.shape,u=t.peak||0,i=me(t.data),d=Ge(r?127:255,r,u,l),p=Ze(i,d),h={width:e,height:o,signed:r,nativeValues:d,nativeCounts:p};if(s===e&&c===o)return{...h,index:i,values:d,counts:p};let v=Float32Array.from(i,g=>d[g]),E=Ge(Qe,r,u,2),$=r?Qe:0,x=Jt(v,c,s,o,e,n),f=new Uint16Array(x.length);for(let g=0;g<x.length;g++){let y=x[g]/(u||1);f[g]=$+Math.round(Math.sign(y)*Math.sqrt(Math.abs(y))*Qe)}return{...h,index:f,values:E,counts:Ze(f,E)}}function Ze(t,e){let o=new Uint32Array(e.length);for(let n=0;n<t.length;n++)o[t[n]]++;return o}function Jt(t,e,o,n,r,l){if(l==="cells"){let u=new Float32Array(n*r);for(let i=0;i<u.length;i++){let[d,p]=[Math.floor(i/r)+.5,i%r+.5];u[i]=t[Math.floor(d*(e/n))*o+Math.floor(p*(o/r))]}return u}let c=n>e?Ye:Xe;return(r>o?Ye:Xe)(c(t,o,e,n,o),n,o,r,1)}function Ye(t,e,o,n,r){let l=new Float32Array(e*n),c=r===1,[s,u]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let i of t)s=Math.min(s,i),u=Math.max(u,i);for(let i=0;i<n;i++){let d=ie((i+.5)*(o/n)-.5,0,o-1),p=Math.floor(d),h=d-p,[v,E,$,x]=[-1,0,1,2].map(m=>ie(p+m,0,o-1)*r),f=((2-h)*h-1)*h/2,g=((3*h-5)*h*h+2)/2,y=((4-3*h)*h+1)*h/2,S=(h-1)*h*h/2;for(let m=0;m<e;m++){let A=c?m*o:m,w=f*t[A+v]+g*t[A+E]+y*t[A+$]+S*t[A+x];l[c?m*n+i:i*r+m]=Math.max(s,Math.min(u,w))}}return l}function Xe(t,e,o,n,r){let l=new Float32Array(e*n),c=r===1;for(let s=0;s<n;s++){let u=Math.max(0,(s+.5)*o/n-.5),i=Math.min(Math.floor(u),o-1),d=Math.min(i+1,o-1),p=u-i;for(let h=0;h<e;h++){let v=c?h*o:h,E=t[v+i*r],$=t[v+d*r];l[c?h*n+s:s*r+h]=(1-p)*E+p*$}}return l}function a(t,...e){let[o,...n]=t.split("."),r=document.createElement(o||"div");o==="button"&&O(r,{type:"button"}),r.className=n.map(l=>`xw-${l}`).join(" ");for(let l of e)typeof l=="string"||l instanceof Node?r.append(l):O(r,l);return r}function O(t,e){for(let[o,n]of Object.entries(e)){let r=o.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(r):t.setAttribute(r,n===!0?"":`${n}`)}}function W(t,e){t.textContent!==e&&(t.textContent=e)}function ne(t,e){t.hidden=!e,W(t,e)}function N(t,e,o,n){for(let r of o.split(" "))e.addEventListener(r,n,{signal:t,passive:!1})}var ae=t=>t.preventDefault(),nt=({ctrlKey:t,metaKey:e,altKey:o})=>t||e||o;function tt(t,e,...o){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return O(n,e),n.append(...o),n}function Me(t,e="",o="0 0 16 16"){return tt("svg",{class:e,viewBox:o,preserveAspectRatio:"none",$hidden:"true"},tt("path",{d:t}))}var ot=(t,...e)=>a("section.section",a("h3",t),...e),Ke=(t,e,...o)=>a(".row",{title:e||null},a("span.name",t),...o);function zt(t){let e=new AbortController;return le(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function ue(t,e,o){let n=[...e.children],r=zt(t),l,c=[];return(s,u=s)=>{if(u===l)return c;l=u;let i=r(),d=s.map((p,h)=>o(p,h,i));return c=d.map(([,p])=>p),e.replaceChildren(...n,...d.flatMap(([p])=>p)),c}}function Ue(t,e,o){t.width=e,t.height=1;let n=new ImageData(e,1);for(let r=0;r<e;r++)n.data.set(o(r),4*r);t.getContext("2d")?.putImageData(n,0,0)}var Se=()=>`xw-${Math.random().toString(36).slice(2)}`;function se(t,e,o,n,r){let l=Se(),c=n.map(([d,,p])=>a("input",{type:"radio",name:l,value:d,$label:p})),s=n.map(([,d],p)=>a("label.segment",{_text:d},c[p],d)),u=a(".segments",{role:"radiogroup",$label:e,_control:o});return u.append(...s),N(t,u,"change",({target:d})=>r(d.value)),N(t,u,"dblclick",()=>r(n[0][0])),[u,(d,p=null)=>{for(let[h,[v,,E]]of n.entries())O(s[h],{title:p??E}),O(c[h],{disabled:!!p}),c[h].checked=v===d}]}var Ee=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var Ie=Ee.map(([t,e,o])=>({name:t,title:e,diverging:!!o})),rt=new Map;function we(t){let e=rt.get(t);if(e)return e;let[,,o,n,r]=Ee.find(([c])=>c===t)??Ee[0],l=qt(n,r,o);return rt.set(t,l),l}function qt(t,e,o){let n=new Uint8Array(768),r=Array.from({length:768},(l,c)=>{let s=t.charCodeAt(12+(c>>2))||75;return Math.floor((s-35)/3**(c&3))%3-1});for(let l=0;l<e.length;l+=2)r[e[l]]+=e[l+1];for(let l=0;l<3;l++){let c=+`0x${t.slice(4*l,4*l+2)}`,s=+`0x${t.slice(4*l+2,4*l+4)}`-128;for(let u=o;u<256;u++)n[3*u+l]=c,c+=s,s+=r[256*l+u-o]}return o&&n.copyWithin(0,3,6),n}function xe(t,e){let o=t==="auto"?e?"coolwarm":"inferno":t;return Ie.find(n=>n.name===o)??Ie[0]}var Wt=.5;function it(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function st(t,e,o){return lt(t,e,o,!0)}function at(t,e,o){let n=lt(t,Wt,o,!1);return n<e?n:0}function lt({nativeValues:t,nativeCounts:e},o,n,r){let l=Array.from(t,(h,v)=>[Math.abs(it(h,n)),e[v]]).sort(([h],[v])=>h-v),c=e.reduce((h,v)=>h+v),s=h=>{let v=h;for(let[E,$]of l)if(v-=$,v<0)return E;return 0},u=(c-1)*o/100,i=Math.floor(u),d=s(i);return d+(u-i)*(s(Math.min(i+1,c-1))-d)||(r?s(c-1):0)}function ct(t,e,o){return e<=0?0:ie(it(t,o)/e,-1,1)}function ut(t,e,o,n){let r=0;for(let l=0;l<t.values.length;l++)Math.abs(ct(t.values[l],e,n))>=o&&(r+=t.counts[l]);return r/t.index.length}function Fe(t,e){let o=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*o+.5):Math.floor(255*o+.5)}function Gt(t){return t*t*(3-2*t)}function dt(t,e){let{most:o,foot:n=0,threshold:r,sign:l,lut:c,diverging:s,opaque:u}=e,i=o>0?n/o:0,d=new Uint8ClampedArray(4*t.length);for(let p=0;p<t.length;p++){let h=ct(t[p],o,l);Math.abs(h)<r&&(h=0);let v=3*Fe(h,s);d[4*p]=c[v],d[4*p+1]=c[v+1],d[4*p+2]=c[v+2],d[4*p+3]=u?255:Math.floor(255*Gt(ie((Math.abs(h)-i)/(1-i),0,1))+.5)}return new Uint32Array(d.buffer)}function pt(t,e,o){for(let n=0;n<t.length;n++)t[n]=o[e[n]]}function ft(t,e,o,n){let r=new Array(n).fill(0);if(o<=e)return r;let l=(o-e)/n;for(let s=0;s<t.values.length;s++){let u=t.values[s];u===0||u<e||(r[Math.min(n-1,Math.floor((u-e)/l))]+=t.counts[s])}let c=Math.max(...r,1);return r.map(s=>Math.sqrt(s/c))}var $e;function ye(t,e,o,n){let{width:r,height:l}=t,c=t.getContext("2d");if(!c)return;let s=Math.min(r/e.width,l/e.height),[u,i]=[Math.round(e.width*s),Math.round(e.height*s)],[d,p]=[r-u>>1,l-i>>1];if(c.globalAlpha=1,c.globalCompositeOperation="source-over",c.clearRect(0,0,r,l),c.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,c.drawImage(e,d,p,u,i),!o?.peak||!u||!i)return;$e??=new OffscreenCanvas(1,1),Object.assign($e,{width:u,height:i});let{opacity:h,blend:v}=n,[E,$]=mt(o,u,i,n,!1);return $e.getContext("2d").putImageData(E,0,0),c.globalAlpha=h,c.globalCompositeOperation=v==="normal"?"source-over":v,c.drawImage($e,d,p),c.globalAlpha=1,c.globalCompositeOperation="source-over",$}function Ne(t,e,o){let{width:n,height:r}=t;e.shape[0]&&t.getContext("2d")?.putImageData(mt(e,n,r,o,!0)[0],0,0)}function mt(t,e,o,n,r){let l=Ae(),c=new ImageData(e,o),s=et(t,e,o,n.interpolation),{clip:u,sign:i,threshold:d}=n,{name:p,diverging:h}=xe(n.colormap,t.signed),v=st(s,u,i),E=at(s,v,i),$={most:v,foot:E,threshold:d,sign:i,lut:we(p),diverging:h,opaque:r};pt(new Uint32Array(c.data.buffer),s.index,dt(s.values,$));let x=ut(s,v,d,i);return[c,{map:s,most:v,kept:x,colormap:p,milliseconds:Ae()-l}]}var ht=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],Zt=288;function bt(t,e,o){let n=a("canvas.photo",{role:"img"}),r=a(".placebox",{hidden:!0}),l=a(".photobox",n,r),[c,s]=[a("p.facts.key"),a("p.facts")],u=a(".bars"),i=a(".near"),d=a("section.part",a("h3","Looks most like"),i),p=a(".verdicts"),h=a("button.link",{_control:"undo"},"Undo"),v=a("span"),E=a("section.part",a("h3.split","What is it?",v),p,h),$=ht.map(([k,R])=>a("button.wide",{_control:`open-${k}`},R)),x=a("button.wide",{_control:"cover"}),f=a("p.tried"),g=a("section.part.test",a("p",a("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),x,f),y=a("section.part",...$),S=a("p.nothing","Choose a picture: click one, or walk with the arrow keys."),m="prediction",A,w,M=-1,F,C=[1,1],[Q,z]=se(t,"Map for","map-of",[["prediction","answer"],["label","label"]],k=>{m=k,H()}),ee=a(".chosen",l,Q,c,s,u,d,E,g,y),Y=a(".one",S,ee);N(t,h,"click",e.undo),$.forEach((k,R)=>{N(t,k,"click",()=>o.open(ht[R][0]))}),N(t,x,"click",()=>{w&&e.cover([...e.rows],w)});let b,I=({clientX:k,clientY:R})=>{let{left:L,top:D,width:T,height:Z}=n.getBoundingClientRect(),G=re=>Math.max(0,Math.min(1,re));return[G((k-L)/T),G((R-D)/Z)]};N(t,n,"pointerdown",k=>{e.frozen||!e.head?.able||(b=I(k),n.setPointerCapture(k.pointerId),ae(k))}),N(t,n,"pointermove",k=>{if(!b)return;let R=I(k),[L,D]=[Math.min(b[0],R[0]),Math.min(b[1],R[1])];w=[L,D,Math.abs(R[0]-b[0]),Math.abs(R[1]-b[1])],K()}),N(t,n,"pointerup pointercancel",()=>{b=void 0,w&&w[2]*w[3]<2e-4&&(w=void 0),K()});function K(){let k=w??e.set(e.looks.slice)?.box??void 0;if(r.hidden=!k,k){let[L,D,T,Z]=k.map(G=>`${100*G}%`);r.style.cssText=`left:${L};top:${D};width:${T};height:${Z}`}w??=k?[...k]:void 0;let R=e.rows.length;W(x,w?`Cover it in these ${R.toLocaleString("en")} pictures`:"Draw a box on the picture"),x.disabled=!w||!!e.experiment?.busy||!R}let _=ue(t,p,(k,R,L)=>{let D=a("button.verdict",{$pressed:"false"},a("span.keycap",String(R+1)),k);return N(L,D,"click",()=>o.decide(k)),[D,()=>O(D,{$pressed:String(e.table?.word("verdict",M)===k)})]}),V=ue(t,u,([k,R,L])=>{let D=a("span.class",k,L&&a("span.note",` ${L}`));return D.style.backgroundSize=`${100*R}% 100%`,[a(".bar",{_kind:L},D,a("span.chance",oe(R))),()=>{}]}),U=ue(t,i,(k,R,L)=>{let D=a("canvas",{$hidden:"true"}),T=a("button.mini",D);N(L,T,"click",()=>o.choose(k));let Z=!1;return[T,()=>{let{table:G}=e,re=G?.word("prediction",k)??"",te=G?.word("label",k)??"",de=te&&te!==re?`${re}, labelled ${te}`:re;O(T,{title:de,$label:de,_wrong:!!(te&&te!==re)});let ve=e.pictures.bitmap(k);!ve||Z||(Z=!0,Object.assign(D,{width:112,height:112}),ye(D,ve,void 0,e.looks))}]});async function P(k,R){try{let L=await createImageBitmap(new Blob([me(R.data)],{type:R.mime}));F?.bitmap.close(),F={row:k,picture:R,bitmap:L},k===M&&B()}catch(L){console.warn(L)}}function B(){let k=F?.row===M?F.bitmap:e.pictures.bitmap(M);if(!k)return;let R=Math.min(devicePixelRatio||1,2),L=Zt*R/Math.max(k.width,k.height),D=[Math.round(k.width*L),Math.round(k.height*L)];(n.width!==D[0]||n.height!==D[1])&&Object.assign(n,{width:D[0],height:D[1]}),C=D,l.style.setProperty("--xw-aspect",String(C[0]/C[1])),A=ye(n,k,e.looks.maps?J():void 0,e.looks),O(n,{_sharp:F?.row===M,_row:M})}function J(){if(m==="prediction"||j())return e.pictures.sprite(M)?.map;let k=e.labelMap(M);return typeof k=="string"?void 0:k}let j=()=>{let{table:k}=e,R=k?.word("label",M);return!R||R===k?.word("prediction",M)};function H(){let{table:k,frozen:R,head:L,looks:D}=e,T=D.row??-1,Z=!!(k&&T>=0&&T<k.count);if(S.hidden=Z,ee.hidden=!Z,!k||!Z)return;T!==M&&(M=T,w=void 0,e.lookAt(T));let G=e.detail(T);G?.picture&&F?.picture!==G.picture&&P(T,G.picture);let[re,te]=[k.word("prediction",T),k.word("label",T)],de=k.number("probability",T);Q.hidden=j()||R&&e.labelMap(T)===void 0,m==="label"&&!Q.hidden&&e.askLabelMap(T),z(m),B(),K(),W(c,[k.word("key",T),`row ${T.toLocaleString("en")}`,...q(T)].filter(Boolean).join(" · "));let ve=m==="label"&&typeof e.labelMap(T)=="string"?String(e.labelMap(T)):"";ne(s,[G?.words,ve].filter(Boolean).join(" "));let pe=!!k.correct[T],ge=(G?.top??[]).map(({name:X,probability:ze,index:jt})=>[X,ze,Vt(X,jt)]),_e=Math.exp(-k.number("loss",T)),Pe=[];re&&!Number.isNaN(de)&&Pe.push([re,de,pe?"right":te?"wrong":""]),te&&!pe&&!Number.isNaN(_e)&&Pe.push([te,_e,"label"]),ge.length&&te&&!pe&&!ge.some(([X])=>X===te)&&ge.push([te,_e,"label"]);function Vt(X,ze){return X===te?pe?"right":"label":X===re&&te&&!pe?"wrong":""}let je=ge.length?ge:Pe;for(let X of V(je,JSON.stringify(je)))X();let ke=e.nearest(T);d.hidden=!ke.length,e.wantAlso(ke,"chosen");for(let X of U(ke,ke.join()))X();let Je=o.subjects();W(v,Je.length>1?`${Je.length.toLocaleString("en")} chosen`:""),E.hidden=R&&!k.word("verdict",T),h.hidden=R;for(let X of _(e.verdict_words))X();for(let X of p.querySelectorAll("button"))X.disabled=R;g.hidden=y.hidden=R||!L?.able;let{experiment:Oe}=e;O(f,{_survives:Oe?.survives}),ne(f,Oe?.busy?"Covering …":Oe?.words??"");let Ht=We(e.state())&&["gone","silent"].includes(e.state());for(let X of $)X.disabled=Ht;O(n,{$label:`${k.word("key",T)}: ${re} ${Number.isNaN(de)?"":oe(de)}${te&&!pe?`, labelled ${te}`:""}`})}function q(k){let{table:R,head:L}=e,D=(L?.metadata??[]).slice(0,6).map(Z=>{let G=R.word(Z,k);return G&&`${Z} ${G}`}),T=R.number("loss",k);return[...D,Number.isNaN(T)?"":`loss ${ce(T).replace("+","")}`]}return{part:[Y,H],painted:()=>M>=0?A:void 0,paint:()=>{B();for(let k of U(e.nearest(M),e.nearest(M).join()))k()}}}var he=65535;function gt(t,e){if(!e)return[0,1];let o=1.959964,n=t/e,r=(n+o*o/(2*e))/(1+o*o/e),l=o/(1+o*o/e)*Math.sqrt(n*(1-n)/e+o*o/(4*e*e));return[Math.max(0,r-l),Math.min(1,r+l)]}function wt(t,e){let[o,n]=[t.codes("label"),t.codes("prediction")],r=new Map,l=t.classes.length;for(let c=0;c<t.count;c++){if(e&&!e[c]||o[c]===he||n[c]===he)continue;let s=o[c]*l+n[c];r.set(s,(r.get(s)??0)+1)}return r}function xt(t,e){let o=new Map;for(let[n,r]of t){let l=Math.floor(n/e);o.set(l,(o.get(l)??0)+r)}return[...t].map(([n,r])=>{let l=Math.floor(n/e);return{label:l,prediction:n%e,count:r,share:r/o.get(l)}}).filter(({label:n,prediction:r})=>n!==r).sort((n,r)=>r.count-n.count||r.share-n.share||n.label-r.label)}function yt(t,e,o,n){let r=[],l=n.length/2;for(let c=0;c<t.length;c++){if(!o[c]||Number.isNaN(t[c]))continue;let[s,u]=[t[c],e[c]],i=!1;for(let d=0,p=l-1;d<l;p=d++){let[h,v]=[n[2*d],n[2*d+1]],[E,$]=[n[2*p],n[2*p+1]];v>u!=$>u&&s<(E-h)*(u-v)/($-v)+h&&(i=!i)}i&&r.push(c)}return r}function Be({shapes:t,peaks:e,signed:o,data:n},r){let l=me(n).slice(),c=0;return e.map((s,u)=>{let i=[t[2*u],t[2*u+1]],d=o[u],p=[d?-s:0,s],h=l.subarray(c,c+i[0]*i[1]);return c+=h.length,{shape:i,signed:d,peak:s,gamma:r,range:p,data:h,state:s?"ok":"zero",message:""}})}var vt=64;function kt(t){let e=[],o,n=new Map,r="",l=(s,u,i)=>`${s} ${u} ${i}`;function c(s){o=s,r="";let u=Be(s.maps,s.gamma),i=Be(s.differences,s.gamma);n=new Map([...s.cells.map(([d,p],h)=>[l("cell",d,p),u[h]]),...s.labels.map((d,p)=>[l("difference",d,d),i[p]])])}return{shown:!1,canvas(s,u,i,d){let h=a("canvas.meanmap",d?{title:d,role:"img",$label:d}:{$hidden:"true"});return e.push([l(s,u,i),h]),h},forget(){e=[],r=""},closed:()=>t.frozen&&!t.means?"not in this saved page":null,words(){return this.shown?t.busy("means")?"Adding up maps …":t.words("means")||(t.means?.words??""):""},paint(){let{table:s,means:u,looks:i}=t;if(!this.shown||!s?.done)return;s.done+s.failed===s.count&&t.askMeans(),u&&u!==o&&c(u);let d=JSON.stringify({...i,chosen:0,row:0,filter:0});if(!(!u||d===r)){r=d;for(let[p,h]of e){let v=n.get(p);Object.assign(h,v?{width:vt,height:vt}:{width:0,height:0}),O(h,{_there:!!v}),v&&Ne(h,v,i)}}}}}var Ce=25,De=12,At=200;function Mt(t,e,o){let n=e.length,r=Math.min(o,n),l=[],c=0;for(let i=0;i<r;i++){let d=Math.floor(n/r)+ +(i<n%r);l.push(e.slice(c,c+d)),c+=d}let s=new Map(l.flatMap((i,d)=>i.map(p=>[p,d]))),u=l.map(()=>new Array(r).fill(0));for(let[i,d]of t)u[s.get(Math.floor(i/n))][s.get(i%n)]+=d;return{counts:u,bundles:l}}function Kt(t,e,o){let n=a("table.matrix",{_control:"confusion"}),r=a(".pairs"),[l,c,s]=[a("p.facts"),a("p.facts"),a("p.facts")],u=a(".matrixbox",n),i=kt(e),[d,p]=se(t,"Cells show","cells",[["counts","counts"],["maps","mean maps"]],m=>{i.shown=m==="maps",y()}),h=a(".tools2",l,a("span.spring"),d),v=a("button.link",{_control:"more-confusions"}),E=a("h3","Taken for another"),$=a(".confusion",h,s,u,E,r,v,c),x="",f=!1;N(t,v,"click",()=>{f=!f,y()});let g=ue(t,r,({label:m,prediction:A,count:w,share:M},F,C)=>{let{classes:Q}=e.table,z=a("button.set.pair",a("span.title",`${Q[m]} → ${Q[A]}`));return z.append(i.canvas("cell",m,A,`mean map of ${Q[m]} → ${Q[A]}`),i.canvas("cell",m,m,`mean map of ${Q[m]} answered right`),i.canvas("difference",m,m,`${Q[m]}: right less wrong`),a("span.figure",w.toLocaleString("en")),a("span.note",`${oe(M,0)} of them`)),N(C,z,"click",()=>o.show({label:[m],prediction:[A]},"")),[z,()=>{}]});function y(){let{table:m}=e;if(!m)return;let A=m.classes.length,w=A>Ce;w&&m.done+m.failed===m.count&&e.read("order"),p(i.shown?"maps":"counts",i.closed()),ne(s,i.words()),O($,{_maps:i.shown&&!!e.means});let M=`${m.answered} ${e.order?.length} ${f}`;if(M===x){i.paint();return}x=M,i.forget();let F=wt(m),C=xt(F,A),Q=C.reduce((K,{count:_})=>K+_,0),z=e.order?[...e.order]:m.classes.map((K,_)=>_),ee=`${Q.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;W(l,w?`${ee} ${A.toLocaleString("en")} classes in ${Math.min(Ce,A)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${ee} Labels down, answers across; a cell, a row or a column shows its pictures.`),w?S(Mt(F,z,Ce),m.classes,!0):S(Mt(F,m.classes.map((K,_)=>_),Ce),m.classes,!1),w&&$.append(u);let Y=f?At:De;g(C.slice(0,Y));let b=C.slice(Y).reduce((K,{count:_})=>K+_,0),I=(C.length-Y).toLocaleString("en");ne(c,b?`and ${b.toLocaleString("en")} in ${I} other confusions`:""),v.hidden=C.length<=De,W(v,f?"Fewer":`Show ${Math.max(0,Math.min(At,C.length)-De)} more`),i.paint()}function S({counts:m,bundles:A},w,M){let F=m.map(b=>b.reduce((I,K)=>I+K,0)),C=b=>b.length>1?`${w[b[0]]} and ${b.length-1} more`:w[b[0]],Q=(b,I)=>(N(t,b,"click",()=>o.show(I,"")),b),z=A.map(b=>a("th",{scope:"col"},Q(a("button.turned",{title:`answers: ${C(b)}`},M?"":C(b)),{prediction:b}))),ee=m.map((b,I)=>{let K=A[I],_=Q(a("button.side",{title:`labels: ${C(K)}`},C(K)),{label:K}),V=b.map((U,P)=>{let B=F[I]?U/F[I]:0,J=I===P,j=`${C(K)}, answered ${C(A[P])}: ${U}`,H=a("button.cell",{title:j,$label:j,disabled:!U},M||!U?"":String(U));H.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(B))}%`),!M&&U&&H.prepend(i.canvas("cell",K[0],A[P][0],"")),O(H,{_right:J,_strong:B>.45});let q={label:K,prediction:A[P]};return a("td",Q(H,M&&J?{...q,correct:!1}:q))});if(!M){let U=`${C(K)}: where evidence lies in right answers and not in wrong ones`,P=a("span.cell",{title:U,role:"img",$label:U});P.append(i.canvas("difference",K[0],K[0],"")),V.push(a("td.less",P))}return a("tr",a("th",{scope:"row"},_),...V)}),Y=M?[]:[a("th.less",{scope:"col"},a("span.turned","right − wrong"))];n.replaceChildren(a("tr",a("td"),...z,...Y),...ee),O(n,{_many:M}),n.style.setProperty("--xw-n",String(A.length))}return[$,y]}var Yt=5e3,St=160,Et=112;function It(t,e,o){let[n,r]=[a("p.facts"),a("p.facts")],l=a(".groupcards"),c=a("button.wide",{_control:"group"}),s="features",[u,i]=se(t,"Alike by","groups-of",[["features","what it looks at","The layer's features, weighted by the map"],["maps","where it looks","The maps themselves, made 16 x 16"]],x=>{s=x,e.group(s)});N(t,c,"click",()=>e.group(s));let d=a(".groups",a(".tools2",u,a("span.spring"),c),n,l,r);function p({mask:x}){let f=e.table,g=f.codes("prediction"),y=new Map,[S,m]=[0,-1];for(let w=0;w<x.length;w++){if(!x[w])continue;S++;let M=(y.get(g[w])??0)+1;y.set(g[w],M),M>(y.get(m)??0)&&(m=g[w])}let A=oe((y.get(m)??0)/(S||1),0);return m<0?"":`${A} answered ${f.classes[m]??m}`}let h=ue(t,l,(x,f,g)=>{let y=a("canvas.meanmap",{$hidden:"true"});Object.assign(y,{width:St,height:St});let S=x.first.map(()=>a("canvas",{$hidden:"true"}));for(let C of S)Object.assign(C,{width:Et,height:Et});let[m,A]=[a("span"),a("span",`${x.count.toLocaleString("en")} pictures`)],w=oe(x.count/(e.groups?.of_rows||x.count),0),M=a("button.groupcard",{_group:f},y,a(".about2",a("b",x.title,a("span.note",` ${w}`)),A,a("span",p(x)),m,a(".near",...S)));if(N(g,M,"click",()=>o.show({},x.id)),x.accuracy!==null){let C=x.count,Q=(x.interval??gt(x.accuracy*C,C)).map(z=>oe(z,0));W(m,`${oe(x.accuracy,0)} right [${Q.join(", ")}]`)}let F="";return[M,()=>{O(M,{$pressed:String(e.looks.slice===x.id)});let C=JSON.stringify({...e.looks,chosen:0,row:0});if(C!==F){let Q=e.groups?.mean[f];Q&&Ne(y,Q,e.looks)}x.first.forEach((Q,z)=>{let ee=e.pictures.bitmap(Q),Y=S[z];if(!ee||Y.dataset.xwLook===C)return;let b=e.looks.maps?e.pictures.sprite(Q)?.map:void 0;ye(Y,ee,b,e.looks),O(Y,{_look:C})}),F=C}]}),v=[],E;function $(){let{table:x,groups:f,frozen:g,rows:y}=e;if(!x||e.looks.view!=="groups")return;let S=x.done+x.failed===x.count,m=e.busy("groups")||f||e.words("groups");S&&!m&&!g&&y.length&&y.length<=Yt&&e.group(s);let A=y.length.toLocaleString("en");W(c,`Group the ${A} pictures that are shown`),c.hidden=g,c.disabled=!y.length||e.busy("groups"),i(f?.of??s,g?"not in this saved page":null);let w=f?.stability,M=w==null?"They are one group: no gap parts them.":`Drawn again from 80 % of them, the groups agree to ${ce(w).replace("+","")} of 1.`,F=f?.of_rows.toLocaleString("en");ne(n,e.busy("groups")?"Looking for groups …":e.words("groups")||(f?`The maps of ${F} pictures. ${M}`:"")),ne(r,f?`${f.words} A group that is nearly always right and looks at one place is worth a suspicion. A map alone is no proof: cover the place.`:"");let Q=f?e.sets("groups"):[];E!==f&&(E=f,v=Q.flatMap(({first:z})=>z)),e.wantAlso(v,"groups");for(let z of h(Q,f))z()}return[d,$]}function $t(t,e,o){let n=a("button.link.back",{_control:"back"},"← Back to the pictures"),r=a("span.facts"),[l,c]=se(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],E=>o.open(E)),s=a("p.nothing",{hidden:!0}),u=a(".place"),i=a(".inplace",{hidden:!0},a(".tools2",n,r,a("span.spring"),l),s,u),d;N(t,n,"click",v),t.addEventListener("abort",()=>d?.());function p(E,$){i.hidden=!1,c(E),W(r,$),ne(s,"Opening …"),d?.(),d=void 0,u.replaceChildren(),n.focus({preventScroll:!0})}async function h(E){if(!i.hidden){if(E.words)return ne(s,E.words);try{let $=await e.widget_manager.get_model(E.model),x=new Blob([String($.get("_esm"))],{type:"text/javascript"}),f=URL.createObjectURL(x),g=(await import(f)).default;URL.revokeObjectURL(f);let y=a("");u.replaceChildren(y);let S=y.attachShadow({mode:"open"}),m=document.createElement("style");m.textContent=String($.get("_css"));let A=document.createElement("div");S.append(m,A);let w=new AbortController;g.render({model:$,el:A,signal:w.signal}),d=()=>w.abort(),ne(s,"")}catch($){ne(s,`This host cannot show a viewer in place (${$}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function v(){i.hidden||(d?.(),d=void 0,u.replaceChildren(),i.hidden=!0,o.closed())}return{element:i,wait:p,take:h,close:v,isOpen:()=>!i.hidden}}var Nt=380;function Ct(t,e,o,n,r,l=o){let c=Se(),s=a(".popup",{role:"listbox",id:c,$label:n,hidden:!0}),u=[],i=[],d=-1;e.append(s),le(t,()=>s.remove()),O(o,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:c}),N(t,s,"pointerdown mousedown",ae),N(t,o,"blur",p);function p(){s.hidden||(s.hidden=!0,O(o,{$expanded:"false",$activedescendant:null}))}function h(f){!f||f.reason||(p(),r(f.value))}function v(f){u[d]?.removeAttribute("data-xw-active"),d=f;let g=u[f];if(O(o,{$activedescendant:g?.id}),!g)return;O(g,{_active:!0});let{offsetTop:y,offsetHeight:S}=g;s.scrollTop=ie(s.scrollTop,y+S-s.clientHeight+4,Math.max(0,y-28))}function E(f,g){for(let y=f;i[y];y+=g)if(!i[y]?.reason){v(y);break}}function $(f,g,y){let{value:S,reason:m,note:A,title:w,swatch:M}=f,F=a("label.option",{id:`${c}-${g}`,role:"option",$selected:String(S===y),$disabled:m?"true":null,_value:S,title:w});return M&&F.append(M()),F.append(a("span.label",f.label),a("span.note",m??A??"")),N(t,F,"click",()=>h(f)),F}function x(){let f=s.offsetParent.getBoundingClientRect(),g=l.getBoundingClientRect(),y=f.bottom-g.bottom-12,S=g.top-f.top-12,m=y<Math.min(s.scrollHeight+2,Nt)&&S>y,A=f.width-16,w=Math.min(g.left-f.left-1,A+8-s.offsetWidth);s.style.cssText=`min-width:${Math.min(g.width,A)}px;left:${Math.max(8,w)}px;max-height:${ie(m?S:y,120,Nt)}px;${m?`bottom:${f.bottom-g.top+3}`:`top:${g.bottom-f.top+3}`}px`}return{isOpen:()=>!s.hidden,close:p,walk:E,open(f,g){i=f,d=-1,u=i.map((A,w)=>$(A,w,g)),s.replaceChildren();let y,S=s;i.forEach((A,w)=>{A.group&&A.group!==y&&(y=A.group,S=a("",{role:"group",$label:y},a(".group",y)),s.append(S)),S.append(u[w])}),s.hidden=!1,O(o,{$expanded:"true"}),x();let m=i.findIndex(({value:A})=>A===g);m<0?E(0,1):v(m)},find(f){let g=i.length,y=Math.max(0,f.length>1?d:d+1);for(let S=0;S<g;S++){let{label:m,reason:A}=i[(y+S)%g];if(!(A||!m.toLowerCase().startsWith(f))){v((y+S)%g);break}}},key(f){let{key:g}=f;if(g==="ArrowDown")E(d+1,1);else if(g==="ArrowUp")E(d-1,-1);else if(g==="Enter")h(i[d]);else if(g==="Escape")p(),f.stopPropagation();else return!1;return ae(f),!0}}}var Xt=700;function be(t,e,o,n,r,l,c){let[s,u]=[a("span.label"),a("span.note")],i=Me("M4 6.5l4 4 4-4"),d=a(`button.field.picker.${r}`,{_control:n},s,u,i),p=Ct(t,e,d,o,l),h=[],v=[],E="",$="",x=0,f=()=>{d.focus(),v=typeof h=="function"?h():h,p.open(v,E)};return N(t,d,"click",()=>p.isOpen()?p.close():f()),c&&N(t,d,"dblclick",c),N(t,d,"keydown",g=>{let{key:y,timeStamp:S}=g,m=/^[^ ?]$/.test(y)&&!nt(g);if(p.isOpen()){if(p.key(g))return;if(y==="Home")p.walk(0,1);else if(y==="End")p.walk(v.length-1,-1);else if(!m)return}else if(m||y==="ArrowDown"||y==="ArrowUp")f();else return;ae(g),m&&($=S-x>Xt?y:$+y,x=S,p.find($.toLowerCase()))}),{element:d,show(g,y,S,m="",A=!1){h=g,E=y,W(s,S),O(s,{title:S}),W(u,m),O(u,{title:m||null}),O(d,{disabled:A,$label:`${o}: ${S}${m&&`, ${m}`}`})}}}var Lt=80;function _t(t,e,o){let n=a("canvas.ramp",{_canvas:"bar"}),r=Me("","xw-spread",`0 0 ${Lt} 1`),l=a(".mark",{hidden:!0}),[c,s]=[a("span"),a("span")],u=x=>e.look("colormap",x),i=be(t,o,"Colormap","colormap","plain",u,()=>u("auto")),d=a(".ends",c,i.element,s),p=a(".colourbar",r,a(".rampbox",n,l),d),[h,v]=[0,1];function E(x){let{colormap:f,threshold:g,sign:y}=e.appearance,S=x?.map.signed??e.method?.signed??!1,{name:m,diverging:A,title:w}=xe(f,S),M=x?.most??0;h=S&&y!=="positive"&&(A||y==="negative")?-1:0,v=S&&y==="negative"?0:1,en(n,m,A,h,v,g),h*=M,v*=M;let C=(x?ft(x.map,h,v,Lt):[]).map((b,I)=>`V${(1-b).toFixed(3)}H${I+1}`).join("");O(r.firstElementChild,{d:x?`M0 1${C}V1Z`:""}),W(c,x?ce(h):""),W(s,x?ce(v):"");let Q=e.shown?.range.map(ce).join(" to ");O(p,{title:Q?`Values: ${Q}`:null,_low:h,_high:v});let z=xe("auto",S),ee=Ie.map(b=>{let I=b.diverging?"Two-sided":"One-sided";return{value:b.name,label:b.title,group:I,swatch:()=>Tt(b.name)}}),Y={value:"auto",label:"Automatic",group:"By sign"};ee.unshift({...Y,swatch:()=>Tt(z.name)}),i.show(ee,f,w)}function $(x){l.hidden=x===null||v<=h;let f=((x??0)-h)/(v-h);l.style.left=`${100*ie(f,0,1)}%`}return[p,E,$]}function en(t,e,o,n,r=1,l=0){let c=we(e);Ue(t,256,s=>{let u=n+(r-n)*s/255,i=3*Fe(u,o);return[...c.subarray(i,i+3),Math.abs(u)<l?40:255]})}function Tt(t){let e=a("canvas.swatch"),o=we(t);return Ue(e,64,n=>[...o.subarray(12*n+3,12*n+6),255]),e}var tn=1e9;function nn(t,e,o,n){let r=a("input.range",{type:"range",$label:e,_control:o});return N(t,r,"input",()=>n(+r.value)),{range:r,show(l,c,s,u,i=!1){O(r,{min:c,max:s,$valuetext:u,disabled:i}),r.value=String(l),r.style.setProperty("--xw-share",`${100*(l-c)/(s-c||1)}%`)}}}function on(t,e,o,n,r){let{least:l,most:c,step:s,initial:u,format:i,rest:d,spoken:p,factor:h=1,whole:v}=n,{range:E,show:$}=nn(t,e,o,w=>m(w,!1));O(E,{step:s});let x=a("input.number",{inputmode:"decimal",autocomplete:"off",$label:`${e}, number`,_number:o}),f=u,g=null;function y(w,M=!1){f=w;let F=d?.()??i(w);g===null&&(x.value=F),x.disabled=M;let C=p?`${i(w)}. ${p()}`:F;$(w,l,c,d?`${i(w)}, ${F}`:C,M)}function S(){x.value=g=i(f)}function m(w,M){y(w),g!==null&&S(),r(w,M)}function A(){let w=qe(x.value);if(w===null||x.value===g)return;let M=ie(w/h,l,c);m(v?Math.round(M):M,!0)}N(t,E,"change",()=>m(+E.value,!0));for(let w of[E,x])N(t,w,"dblclick",()=>m(u,!0));return N(t,x,"focus",()=>{S(),x.select()}),N(t,x,"blur",()=>{A(),g=null,y(f)}),N(t,x,"keydown",w=>{if(w.key==="Enter")A();else if(w.key!=="Escape")return;S(),x.select()}),{range:E,field:x,show:y}}function Le(t,e,o,n,r,l=""){let{range:c,field:s,show:u}=on(t,e,o,n,r),i=n.most-n.least>=tn;return[Ke(e,l,i?a("span"):c,s),u]}var Ve={least:0,most:1,step:.01,factor:100,format:t=>oe(t,0)};function Pt(t,e){let o={...Ve,initial:fe.opacity};return Le(t,"Opacity","opacity",o,n=>e.look("opacity",n))}function Ot(t,e){let o=l=>oe(l/100),n={least:90,most:100,step:.1,initial:fe.clip,format:o};return Le(t,"Clip","clip",n,l=>e.look("clip",l),"The percentile where colours end")}var rn=["normal","multiply","screen","luminosity"],sn=[["both","±","For and against"],["positive","+","For the class"],["negative","−","Against the class"]];function Rt(t,e,o){let n=1,[r,l,c]=_t(t,e,o),[s,u]=Pt(t,e),i=()=>`keeps ${oe(n,0)}`,d={...Ve,initial:fe.threshold,rest:i},p=w=>e.look("threshold",w),h="Hides values below this share of the maximum",[v,E]=Le(t,"Threshold","threshold",d,p,h),[$,x]=Ot(t,e),f=w=>e.look("blend",w),g=be(t,o,"Blend","blend","blend",f,()=>f(fe.blend)),[y,S]=se(t,"Sign","sign",sn,w=>e.look("sign",w)),m=Ke("Blend","",g.element,y),A=w=>{let M=e.appearance,F=M.arrangement==="side_by_side";n=w?.kept??1,u(M.opacity,F),E(M.threshold),x(M.clip);let C=rn.map(Q=>({value:Q,label:Re(Q)}));g.show(C,M.blend,Re(M.blend),"",F),S(M.sign),y.hidden=!w?.map.signed,l(w)};return[ot("Appearance",s,v,$,m,r),A,c]}function Qt(t,e,o,n){let r={look:e.look,shown:void 0,get appearance(){return{...e.looks,arrangement:"overlay"}},get method(){return{signed:e.head?.signed??!1}}},[l,c]=Rt(t,r,o);return[l,()=>{l.hidden=!e.looks.maps||!e.table?.done,l.hidden||c(n())}]}var Ut=5e3,an=["correct","label","prediction","loss","probability","slice"],He=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function ln(t,e){return[Ft(t),Ft(e)]}function Ft(t){let[e,o]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>o&&(o=n);return t.map(n=>.03+.94*(n-e)/(o-e||1))}function Bt(t,e,o,n){let r=a("canvas.cloud",{role:"img",_control:"similarity"}),l=a("canvas.cloud",{$hidden:"true"}),[c,s]=[a("p.facts"),a("p.legend2")],u=a(".hover2",{hidden:!0}),i=a(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},r,l,u),d="tsne",p="correct",[h,v]=se(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],b=>{d=b,e.read(d),Y()}),E=be(t,o,"Colour by","colour","prefixed.colour",b=>{p=b,Y()}),$=a("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");N(t,$,"click",()=>e.read("tsne",!0));let x=a(".similarity",a(".tools2",E.element,a("span.spring"),h),i,$,s,c),[f,g]=[new Float32Array,new Float32Array],y,S="",m=[],A=!1;function w(){let b=e.table,I=getComputedStyle(o),K=I.getPropertyValue("--xw-point")||"#4477aa",_=I.getPropertyValue("--xw-wrong-ink")||"#d9480f",V=I.getPropertyValue("--xw-faint")||"#bbb";if(p==="correct")return{of:P=>b.correct[P]?K:b.codes("label")[P]===he?V:_,keys:[["right",K],["wrong",_]]};if(p==="slice"){let P=e.set(e.looks.slice)?.mask,B=e.set(e.looks.slice)?.title??"no slice is shown";return{of:J=>P?.[J]?_:K,keys:[[B,_],["the others",K]]}}let U=b.columns.get(p);if(U?.kind==="number"){let[P,B]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let j of U.data)j<P&&(P=j),j>B&&Number.isFinite(j)&&(B=j);let J=j=>`hsl(${(250-215*j).toFixed(0)} 75% ${(45+8*j).toFixed(0)}%)`;return{of:j=>{let H=(U.data[j]-P)/(B-P||1);return Number.isNaN(H)?V:J(Math.round(12*Math.min(1,Math.sqrt(H)))/12)},keys:[[`${p} ${+P.toPrecision(2)}`,J(0)],[String(+B.toPrecision(3)),J(1)]]}}if(U?.kind==="code"){let P=new Map;for(let H of U.data)H!==he&&P.set(H,(P.get(H)??0)+1);let B=[...P].sort((H,q)=>q[1]-H[1]).slice(0,He.length-1).map(([H])=>H),J=new Map(B.map((H,q)=>[H,He[q]])),j=B.map((H,q)=>[U.values[H],He[q]]);return P.size>B.length&&j.push(["others",V]),{of:H=>J.get(U.data[H])??V,keys:j}}return{of:()=>K,keys:[]}}function M(){let{clientWidth:b,clientHeight:I}=i,{table:K,mask:_,rows:V}=e;if(!K||!b||!y)return;let U=o.dataset.xwTheme,P=[b,I,d,p,K.version,V.length,e.looks.slice,U,y.length].join();if(P===S&&F===V)return;F=V,S=P;let B=Math.min(devicePixelRatio||1,2);for(let L of[r,l])Object.assign(L,{width:b*B,height:I*B});let J=r.getContext("2d"),{of:j,keys:H}=w(),q=V.length<K.done,Te=B*(K.done>2e4?1.2:K.done>3e3?1.8:2.8),k=new Map,R=(L,D,T)=>{let Z=k.get(L);Z??=new Path2D,k.set(L,Z);let[G,re]=[f[D]*r.width,g[D]*r.height];Z.moveTo(G+T,re),Z.arc(G,re,T,0,7)};for(let L=0;L<f.length;L++)Number.isNaN(f[L])||R(`${_[L]?"1":"0"}${j(L)}`,L,_[L]?Te:.8*Te);for(let L of["0","1"]){J.globalAlpha=L==="0"?q?.14:.6:K.done>2e4?.6:.85;for(let[D,T]of k)D[0]===L&&(J.fillStyle=D.slice(1),J.fill(T))}J.globalAlpha=1,s.replaceChildren(...H.map(([L,D])=>{let T=a("i.dot");return T.style.background=D,a("span",T,L)})),C()}let F;function C(){let b=l.getContext("2d");b.clearRect(0,0,l.width,l.height);let I=e.looks.row??-1,K=l.width/(i.clientWidth||1);if(b.lineWidth=2*K,b.strokeStyle=getComputedStyle(o).color,I>=0&&!Number.isNaN(f[I]??Number.NaN)&&(b.beginPath(),b.arc(f[I]*l.width,g[I]*l.height,6*K,0,7),b.stroke()),!(m.length<4)){b.lineWidth=1.2*K,b.setLineDash([4*K,3*K]),b.beginPath();for(let _=0;_<m.length;_+=2)b.lineTo(m[_]*l.width,m[_+1]*l.height);b.closePath(),b.stroke(),b.setLineDash([])}}let Q=({clientX:b,clientY:I})=>{let{left:K,top:_,width:V,height:U}=i.getBoundingClientRect();return[(b-K)/V,(I-_)/U]};function z(b,I){let[K,_]=[i.clientWidth,i.clientHeight],[V,U]=[-1,12**2],{mask:P}=e;for(let B=0;B<f.length;B++){let J=((f[B]-b)*K)**2+((g[B]-I)*_)**2;J<U&&P[B]&&([V,U]=[B,J])}return V}N(t,i,"pointerdown",b=>{b.button||(A=!0,m=Q(b),i.setPointerCapture(b.pointerId))}),N(t,i,"pointermove",b=>{if(A){m.push(...Q(b)),C();return}let I=z(...Q(b));if(u.hidden=I<0,I<0)return;let{table:K}=e,_=K.word("label",I),V=K.word("prediction",I);W(u,_&&_!==V?`${V}, labelled ${_}`:V),u.style.cssText=`left:${100*f[I]}%;top:${100*g[I]}%`,O(u,{_late:f[I]>.6})}),N(t,i,"pointerleave",()=>{u.hidden=!0}),N(t,i,"pointerup pointercancel",b=>{if(!A)return;A=!1;let I=m;if(m=[],I.length<12){let K=z(...Q(b));K>=0&&n.choose(K)}else{let K=yt(f,g,e.mask,I);K.length&&n.lasso(K),n.speak(`${K.length} pictures within the lasso`)}C(),ae(b)}),N(t,i,"keydown",b=>{let[I,K]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[b.key]??[0,0];if(!I&&!K)return;let _=e.looks.row??e.rows[0]??-1,[V,U]=[-1,Number.POSITIVE_INFINITY];for(let P=0;P<f.length;P++){let[B,J]=[f[P]-f[_],g[P]-g[_]],j=B*I+J*K,H=Math.abs(B*K)+Math.abs(J*I);P===_||!e.mask[P]||j<=0||H>j||j+2*H<U&&([V,U]=[P,j+2*H])}V>=0&&n.choose(V),ae(b)});let ee=new ResizeObserver(M);ee.observe(i),le(t,()=>ee.disconnect());function Y(){let{table:b,frozen:I,head:K}=e;if(!b||e.looks.view!=="similarity")return;let _=b.done+b.failed===b.count;_&&e.read(b.count<=Ut?"tsne":"pca");let V=["tsne","pca"].filter(q=>e.points(q));V.length&&!V.includes(d)&&(d=V[0]);let U=e.points(d);v(d,I?"not in this saved page":null),U&&U[0]!==y&&(y=U[0],[f,g]=ln(...U));let P=(K?.metadata??[]).filter(q=>b.columns.get(q)?.kind!=="text"),B=[...an,...P].map(q=>({value:q,label:q==="correct"?"right or wrong":q}));E.show(B,p,B.find(({value:q})=>q===p)?.label??p);let J=e.busy("tsne")||e.busy("pca");$.hidden=I||!_||b.count<=Ut||e.known("tsne")||!!e.points("tsne"),$.disabled=e.busy("tsne"),i.hidden=!U;let j=_?"":"Similarity is worked out when all pictures are explained.";ne(c,J?"Placing the pictures …":e.words(d)||(U?"Draw around points to keep them. What lies far apart says little.":j)),O(r,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),M(),y&&C()}return[x,Y]}var Dt=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-right > .xw-section {
    padding: 0 14px 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-groups,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-least: 20px;
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 740px) / var(--xw-n) - 2px), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-matrix[data-xw-many] {
    --xw-least: 5px;
    & .xw-cell {
      height: max(12px, calc(var(--xw-cell) * 0.72));
    }
    & .xw-turned {
      height: 14px;
    }
  }
  .xw-pairs {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
    gap: 0 18px;
    margin-bottom: 8px;
    & .xw-set {
      align-items: center;
    }
    & .xw-title {
      white-space: normal;
      overflow-wrap: anywhere;
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  .xw-meanmap {
    display: none;
  }
  .xw-confusion[data-xw-maps] .xw-meanmap[data-xw-there] {
    display: block;
    flex: none;
    width: 30px;
    height: 30px;
    border-radius: 3px;
  }
  .xw-confusion[data-xw-maps] .xw-cell .xw-meanmap {
    width: 100%;
    height: 100%;
  }
  .xw-confusion[data-xw-maps] .xw-matrix:not([data-xw-many]) .xw-cell {
    height: var(--xw-cell);
    padding: 0;
    overflow: hidden;
    font-size: 0;
  }
  .xw-confusion:not([data-xw-maps]) .xw-less {
    display: none;
  }
  .xw-matrix .xw-less {
    padding-left: 10px;
  }

  /* Groups of maps. */
  .xw-groupcards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr));
    gap: 10px;
    margin: 10px 0;
  }
  .xw-groupcard {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    padding: 10px;
    border: 1px solid var(--xw-line);
    border-radius: 8px;
    text-align: left;
    &:hover {
      background: var(--xw-soft);
    }
    &[aria-pressed="true"] {
      border-color: var(--xw-brand);
      background: var(--xw-tint);
    }
    & > .xw-meanmap {
      display: block;
      flex: none;
      width: 96px;
      height: 96px;
      border-radius: 5px;
      background: var(--xw-soft);
    }
    & .xw-about2 {
      display: flex;
      flex: 1;
      flex-direction: column;
      gap: 2px;
      min-width: 0;
      font-size: 12px;
    }
    & .xw-near {
      margin-top: 4px;
    }
    & .xw-near canvas {
      width: 100%;
      aspect-ratio: 1;
      border-radius: 4px;
      background: var(--xw-soft);
    }
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 430px) / var(--xw-n) - 2px), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 190px) / var(--xw-n) - 2px), 40px);
  }
}
`;function un(t,e,o){let{signal:n,root:r,model:l,speak:c}=t,s=new CSSStyleSheet;s.replaceSync(Dt);let u=r.getRootNode();u.adoptedStyleSheets=[...u.adoptedStyleSheets,s],le(n,()=>{u.adoptedStyleSheets=u.adoptedStyleSheets.filter(p=>p!==s)});let i=bt(n,e,o),d=It(n,e,o);return{chosen:i,groups:d,looks:Qt(n,e,r,i.painted),confusion:Kt(n,e,o),similarity:Bt(n,e,r,{lasso:p=>e.where("rows",p),choose:o.choose,speak:c}),viewer:$t(n,l,o),arrived(){i.paint(),d[1]()}}}export{un as default};
